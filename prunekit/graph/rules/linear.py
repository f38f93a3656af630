"""Matrix products and look-ups: the last dimension is contracted, a new one appears."""

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported


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


def added(labels: Labels, call: Call) -> Dims:
    """Label a product that something is added to, such as ``addmm``."""
    names = list(call.args)
    rest = {name: call.args[name] for name in names[1:3]}
    result = matmul(labels, Call(call.node, call.op, rest, call.shape))
    summand = labels.dims(call, names[0])
    sizes = call.args[names[0]].meta["val"].shape
    for d in range(1, len(summand) + 1):
        if sizes[-d] == call.shape[-d]:
            result[-d] = labels.couple(result[-d], summand[-d])
        else:
            labels.freeze(summand[-d], f"broadcast in {call.op}")
    return result


def einsum(labels: Labels, call: Call) -> Dims:
    """Bind the dimensions that share a letter; a letter that is summed over within one operand is frozen."""
    sides = call.args["equation"].replace(" ", "").partition("->")
    operands = call.args["tensors"]
    if not sides[1] or "." in sides[0]:
        raise Unsupported
    bound: dict[str, Dim] = {}
    terms = sides[0].split(",")
    for letters, operand in zip(terms, operands, strict=True):
        for letter, dim in zip(letters, labels.of[operand], strict=True):
            bound[letter] = labels.couple(bound[letter], dim) if letter in bound else dim
    for letter in bound:
        if letter not in sides[2] and sum(letter in term for term in terms) == 1:
            labels.freeze(bound[letter], "sum over channels")
    return [bound[letter] for letter in sides[2]]


def embedding(labels: Labels, call: Call) -> Dims:
    """Label ``(*indices, channels)``; the table's rows are tokens, not channels."""
    weight = labels.dims(call, "weight")
    labels.freeze(weight[0], "rows of a look-up table")
    return [*[POSITION] * (len(call.shape) - 1), weight[1]]


RULES = {
    "linear": linear,
    **dict.fromkeys(("matmul", "bmm", "mm"), matmul),
    **dict.fromkeys(("addmm", "baddbmm"), added),
    "einsum": einsum,
    "embedding": embedding,
}
