"""Element-wise operations: equal positions stay together, broadcast ones are frozen."""

from torch import Tensor, fx

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported

NAMES = """
_to_copy abs abs_ add add_ addcdiv addcmul alias alpha_dropout atan bitwise_and bitwise_not bitwise_or ceil celu
celu_ clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clone complex contiguous copy_ cos detach detach_ div div_
divide dropout dropout_ elu elu_ empty_like eq erf exp exp_ expm1 feature_alpha_dropout feature_dropout fill_ floor
fmod full_like ge gelu gelu_ gt hardshrink hardsigmoid hardsigmoid_ hardswish hardswish_ hardtanh hardtanh_ le
leaky_relu leaky_relu_ lerp lift_fresh_copy log log1p log_sigmoid logical_and logical_not logical_or logit lt
masked_fill masked_fill_ maximum minimum mish mish_ mul mul_ multiply nan_to_num ne neg neg_ ones_like polar pow pow_
reciprocal relu relu6 relu6_ relu_ remainder resolve_conj resolve_neg round rsqrt rsub selu selu_ sigmoid sigmoid_
sign silu silu_ sin softplus softshrink softsign sqrt sqrt_ square square_ sub sub_ subtract tan tanh tanh_
threshold threshold_ to type_as where zero_ zeros_like
""".split()


def elementwise(labels: Labels, call: Call) -> Dims:
    """Couple the operands' dimensions from the right, as broadcasting lines them up."""
    if not isinstance(call.node.meta["val"], Tensor):  # where(condition) lists positions
        raise Unsupported
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
