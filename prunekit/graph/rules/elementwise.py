"""Element-wise operations: equal positions stay together, broadcast ones are frozen."""

from torch import Tensor, fx

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported

FUNCTIONS = """
__and__ __lshift__ __or__ __rshift__ __xor__ _to_copy abs absolute acos acosh add addcdiv addcmul alias alpha_dropout
arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh bitwise_and bitwise_left_shift
bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil celu clamp clamp_max clamp_min clip clone complex
contiguous copy copysign cos cosh deg2rad detach digamma div divide dropout elu empty_like eq erf erfc erfinv exp exp2
expm1 fake_quantize_per_tensor_affine feature_alpha_dropout feature_dropout fill fix float_power floor floor_divide
fmax fmin fmod frac full_like ge gelu greater greater_equal gt hardshrink hardsigmoid hardswish hardtanh heaviside
hypot isclose isfinite isinf isnan isneginf isposinf ldexp le leaky_relu lerp less less_equal lgamma lift_fresh_copy
log log10 log1p log2 log_sigmoid logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logit lt
masked_fill maximum minimum mish mul multiply nan_to_num ne neg negative nextafter not_equal ones_like polar positive
pow rad2deg reciprocal relu relu6 remainder resolve_conj resolve_neg round rrelu rsqrt rsub selu sgn sigmoid sign
signbit silu sin sinc sinh softplus softshrink softsign special_entr special_erfcx special_expit special_expm1
special_log1p special_log_ndtr special_ndtr special_xlog1py sqrt square sub subtract tan tanh threshold to true_divide
trunc type_as where xlogy zero zeros_like
""".split()
NAMES = (*FUNCTIONS, *(f"{name}_" for name in FUNCTIONS))
"""Those that make a value, and those that write it in the place of their first operand."""


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
