"""Element-wise operations: equal positions stay together, broadcast ones are frozen."""

from torch import fx

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels

NAMES = """
abs add add_ alias celu celu_ clamp clamp_ clamp_min clamp_min_ clone contiguous detach detach_ div div_ dropout
dropout_ elu elu_ eq erf exp feature_dropout gelu gt hardsigmoid hardsigmoid_ hardswish hardswish_ hardtanh hardtanh_
leaky_relu leaky_relu_ lift_fresh_copy log lt maximum minimum mish mish_ mul mul_ neg pow reciprocal relu relu6 relu6_
relu_ rsqrt rsub selu selu_ sigmoid sigmoid_ silu silu_ softplus softsign sqrt square sub sub_ tanh tanh_ to _to_copy
type_as where
""".split()


def elementwise(labels: Labels, call: Call) -> Dims:
    """Couple the operands' dimensions from the right, as broadcasting lines them up."""
    operands = [
        (list(labels.of[value]), tuple(value.meta["val"].shape))
        for value in call.args.values()
        if isinstance(value, fx.Node) and isinstance(labels.of.get(value), list)
    ]
    result: Dims = []
    for d in range(len(call.shape), 0, -1):
        size = call.shape[-d]
        dims: list[Dim] = []
        for operand, shape in operands:
            if len(operand) < d:
                continue
            if shape[-d] == size:
                dims.append(operand[-d])
            else:  # one entry spread over the whole dimension cannot follow a cut
                labels.freeze(operand[-d], f"broadcast in {call.op}")
        result.append(_bind(labels, call, dims))
    return result


def prelu(labels: Labels, call: Call) -> Dims:
    """Bind one slope for each channel; a single slope is for all."""
    dims = labels.dims(call, "self")
    slope = labels.dims(call, "weight")[0]
    if isinstance(slope, str) or len(slope) > 1:
        labels.couple(dims[1], slope)
    else:
        labels.freeze(slope, "one slope for all channels")
    return dims


def _bind(labels: Labels, call: Call, dims: list[Dim]) -> Dim:
    if not dims:
        return POSITION
    first = dims[0]
    for other in dims[1:]:
        if not isinstance(first, str) and not isinstance(other, str) and first is not other:
            labels.links.append((int(first[0]), call.node))
        first = labels.couple(first, other)
    return first


RULES = {**dict.fromkeys(NAMES, elementwise), "prelu": prelu}
