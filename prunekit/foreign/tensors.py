"""What a pickle of torch says of tensors, without torch: where in the file the numbers of each one lie."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeGuard

from prunekit.errors import listed
from prunekit.foreign.opcodes import Call, Name, Pairs, Stored
from prunekit.foreign.refused import Refused

MOST_TENSORS = 1 << 16
"""Tensors of one file; no network comes near."""
BITS = 48
"""A tensor's sizes multiplied, each taken as at least one, have at most so many bits."""
ITEM_SIZES = {
    **dict.fromkeys(("bool", "uint8", "int8", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"), 1),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of one number by the type's name in torch."""
_STORAGES = {
    **{"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Bool": "bool"},
    **{"Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8"},
    **{"ComplexFloat": "complex64", "ComplexDouble": "complex128"},
}
_BEFORE_TENSOR = "torch._utils."
_DENSE = {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"}
_WRAPPED = {"_rebuild_parameter", "_rebuild_parameter_with_state"}
# What torch itself reads as plain values beside tensors, and what stands here for a value that nobody looks at.
_PLAIN = {
    *("collections.OrderedDict", "collections.Counter", "collections.defaultdict", "builtins.set", "builtins.complex"),
    *("builtins.bytearray", "torch.Size", "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter"),
    *("torch.serialization._get_layout", "torch.storage.UntypedStorage", "torch.storage.TypedStorage"),
    *("torch._tensor._rebuild_from_type_v2", "__builtin__.set", "torch.Generator"),
}


@dataclass(frozen=True, slots=True)
class Storage:
    """The numbers of one or more tensors.

    Attributes:
        kind: the type of a number, by its name in torch; empty where each tensor says its own.
        start: where they begin in the file.
        size: their bytes.
    """

    kind: str
    start: int
    size: int


def kind_of(name: Any, label: str) -> str:
    """Return the type of the numbers in a storage of this class; empty for one of plain bytes."""
    path = name.path if isinstance(name, Name) else ""
    if path in ("torch.storage.UntypedStorage", "torch.UntypedStorage"):
        return ""
    kind = _STORAGES.get(path.removeprefix("torch.").removesuffix("Storage"))
    if kind is None or not path.startswith("torch.") or not path.endswith("Storage"):
        raise Refused(f"{label} keeps tensors in {path[:60] or 'nothing'!r}, which is no plain storage of torch.")
    return kind


def refuse_objects(paths: Iterable[str], label: str) -> None:
    """Refuse a file that would import anything beside what torch takes for tensors and plain values.

    Args:
        paths: what its pickles name, as ``module.name``.
        label: what it is called in an error.
    """
    if names := [path[:60] for path in paths if not _is_known(path)]:
        objects = f"Python objects ({listed(names)})"
        raise Refused(f"{label} holds {objects}, not only tensors; save the state dict alone and give that.")


def _is_known(path: str) -> bool:
    if path in _PLAIN or path.startswith(_BEFORE_TENSOR):
        return True
    last = path.removeprefix("torch.")
    return path.startswith("torch.") and (last in ITEM_SIZES or last.removesuffix("Storage") in _STORAGES)


class Tree:
    """Writes what a state dict holds as JSON: tensors by their places, dictionaries two deep, of all else the type.

    Args:
        storages: where the numbers of every key lie.
        label: what the file is called in an error.
    """

    def __init__(self, storages: Mapping[Any, Storage], label: str) -> None:
        self.storages, self.label, self.count = storages, label, 0

    def of(self, value: Any, depth: int = 2) -> dict[str, Any]:
        """Write one value."""
        if isinstance(value, Call) and value.path == "collections.OrderedDict":
            value = _ordered(value)
        if isinstance(value, Pairs) and depth:
            self._count(len(value.items))
            return {"pairs": [[_key(key), self.of(item, depth - 1)] for key, item in value.items]}
        if isinstance(value, Call) and value.path.startswith(_BEFORE_TENSOR):
            return {"tensor": self._tensor(value, 0)}
        return {"other": type(value).__name__}

    def _count(self, more: int) -> None:
        self.count += more
        if self.count > MOST_TENSORS:
            raise Refused(f"{self.label} holds more than {MOST_TENSORS:,} values; no network has as many tensors.")

    def _tensor(self, call: Call, depth: int) -> list[Any] | None:
        """Return type, sizes, strides, first number and storage; ``None`` where it is no dense tensor of its bytes."""
        name, arguments = call.path.removeprefix(_BEFORE_TENSOR), call.arguments
        if name in _WRAPPED and arguments and isinstance(arguments[0], Call) and depth < 4:
            return self._tensor(arguments[0], depth + 1)
        if name not in _DENSE or len(arguments) < 4 or not isinstance(arguments[0], Stored):
            return None
        stored, offset, sizes, strides = arguments[:4]
        sizes, strides = _plain(sizes), _plain(strides)
        storage = self.storages[stored.key]
        kind = storage.kind
        if name.endswith("v3"):
            kind = arguments[6].path.removeprefix("torch.") if isinstance(arguments[6], Name) else ""
        if kind not in ITEM_SIZES or not _fits(storage, ITEM_SIZES[kind], offset, sizes, strides):
            return None
        return [kind, list(sizes), list(strides), offset, storage.start, storage.size]


def _fits(storage: Storage, width: int, offset: Any, sizes: Any, strides: Any) -> bool:
    """Whether a tensor lies inside of its storage and shows no more numbers than there are."""
    if (
        not _counts((offset,))
        or not _counts(sizes)
        or not _counts(strides)
        or len(sizes) != len(strides)
        or len(sizes) > 64
    ):
        return False
    if prod(max(1, size) for size in sizes) >> BITS or any(stride >> BITS for stride in strides) or offset >> BITS:
        return False
    if 0 in sizes:
        return bool(offset * width <= storage.size)
    last = sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)) + offset
    return bool((last + 1) * width <= storage.size and prod(sizes) * width <= storage.size)


def _ordered(call: Call) -> Pairs:
    """Return the pairs of an ordered dictionary; Python 2 gave them when it was made."""
    early = call.arguments[0] if call.arguments and isinstance(call.arguments[0], list) else []
    pairs = [(pair[0], pair[1]) for pair in early if isinstance(pair, list | tuple) and len(pair) == 2]
    return Pairs([*pairs, *(call.pairs.items if call.pairs else [])])


def _counts(values: Any) -> TypeGuard[tuple[int, ...]]:
    return isinstance(values, tuple) and all(type(value) is int and value >= 0 for value in values)


def _plain(sizes: Any) -> Any:
    """Return sizes that ``torch.Size`` would be made of."""
    if isinstance(sizes, Call) and sizes.path == "torch.Size" and sizes.arguments:
        return sizes.arguments[0]
    return sizes


def _key(key: Any) -> str | int | None:
    return key if isinstance(key, str | int) else None
