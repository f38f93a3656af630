"""Operators that an exported program may name; torch would look up any other attribute of itself, and call it."""

import re

_SYMBOLIC = {
    *(
        f"_operator.{name}"
        for name in "eq ne le ge lt gt neg pos mul add sub floordiv mod pow truediv and_ or_".split()
    ),
    *(f"torch.{name}" for name in "sym_not sym_int sym_float sym_ite sym_max sym_min sym_sqrt".split()),
    "math.trunc",
}
"""Arithmetic on sizes."""
_WRAPPERS = {f"torch.ops.higher_order.{name}" for name in ("wrap_with_set_grad_enabled", "wrap_with_autocast", "cond")}
"""Operators that run a part of the program."""
_OPERATOR = re.compile(
    r"torch\.ops\.(?P<room>aten|prims|quantized_decomposed|torchvision)\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"\.(?P<overload>[A-Za-z][A-Za-z0-9_]*)"
)
_BITWISE = re.compile(r"__i?(and|or|xor|lshift|rshift)__")
_HARMFUL = re.compile(
    r"from_file|set_|set_data|record_stream|.*resize.*|.*sparse.*|.*nested.*|.*jagged.*|.*storage.*|.*_unsafe_(?!view|index).*"
)
"""ATen's operators that read files, or trust their arguments where the others check them."""


def is_known(target: str) -> bool:
    """Whether a target is arithmetic on sizes, or has the name of an operator on tensors that harms nobody.

    Example:
        >>> is_known("torch.ops.aten.relu.default"), is_known("torch.ops.aten.from_file.default")
        (True, False)
        >>> is_known("torch.os.system"), is_known("torch.ops.aten.__class__.mro"), is_known("_operator.attrgetter")
        (False, False, False)
    """
    if target in _SYMBOLIC or target in _WRAPPERS:
        return True
    operator = _OPERATOR.fullmatch(target)
    if operator is None:
        return False
    name = operator["name"]
    return _BITWISE.fullmatch(name) is not None or not ("__" in name or _HARMFUL.fullmatch(name))


def schema_of(target: str) -> tuple[str, str] | None:
    """Return what torch calls an operator and its overload; ``None`` for what is none of its registry."""
    operator = _OPERATOR.fullmatch(target)
    if operator is None:
        return None
    overload = operator["overload"]
    return f"{operator['room']}::{operator['name']}", "" if overload == "default" else overload
