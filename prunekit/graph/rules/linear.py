"""Matrix products and look-ups: the last dimension is contracted, a new one appears."""

from prunekit.graph.labels import POSITION, Call, Dims, Labels


def linear(labels: Labels, call: Call) -> Dims:
    """Label ``(*, out)`` of ``input (*, in)`` times ``weight (out, in)``."""
    inputs, weight = labels.dims(call, "input"), labels.dims(call, "weight")
    labels.couple(inputs[-1], weight[1])
    if call.has("bias"):
        labels.couple(weight[0], labels.dims(call, "bias")[0])
    return [*inputs[:-1], weight[0]]


def matmul(labels: Labels, call: Call) -> Dims:
    """Label ``(*, n, m)`` of ``(*, n, k)`` times ``(*, k, m)``; leading dimensions go together."""
    names = list(call.args)
    a, b = labels.dims(call, names[0]), labels.dims(call, names[1])
    if len(a) < 2 or len(b) < 2:
        labels.freeze_all([*a, *b], "a product with a vector")
        return [POSITION] * len(call.shape)
    labels.couple(a[-1], b[-2])
    result: Dims = [POSITION] * len(call.shape)
    for d in range(3, len(call.shape) + 1):
        left = a[-d] if len(a) >= d else POSITION
        right = b[-d] if len(b) >= d else POSITION
        result[-d] = labels.couple(left, right)
    result[-2], result[-1] = a[-2], b[-1]
    return result


def embedding(labels: Labels, call: Call) -> Dims:
    """Label ``(*indices, channels)``; the table's rows are tokens, not channels."""
    weight = labels.dims(call, "weight")
    labels.freeze(weight[0], "rows of a look-up table")
    return [*[POSITION] * (len(call.shape) - 1), weight[1]]


RULES = {"linear": linear, "matmul": matmul, "bmm": matmul, "mm": matmul, "embedding": embedding}
