"""Safetensors files: a header in JSON says where which tensor lies.

Source: the format's description at https://github.com/huggingface/safetensors.
"""

import json
from math import prod
from typing import Any, BinaryIO

from prunekit.foreign.refused import Refused
from prunekit.foreign.tensors import BITS, ITEM_SIZES, MOST_TENSORS

LONGEST_HEADER = 1 << 24
_KINDS = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8"},
    **{"U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "C64": "complex64"},
}


def is_safetensors(head: bytes) -> bool:
    """Whether a file's first nine bytes are a header's length and its opening brace."""
    return head[8:9] == b"{"


def read_safetensors(file: BinaryIO, size: int, label: str) -> dict[str, Any]:
    """Say where in a safetensors file which tensor lies.

    Returns:
        The tree as ``tensors.Tree`` writes it.

    Raises:
        Refused: damaged, or a header that does not add up.
    """
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= min(LONGEST_HEADER, size - 8):
        raise Refused(f"{label} is truncated or damaged (a header of {length:,} bytes in a file of {size:,}).")
    raw = file.read(length)
    if raw.count(b'"data_offsets"') > MOST_TENSORS:
        raise Refused(f"{label} holds more than {MOST_TENSORS:,} tensors; no network has as many.")
    try:
        header = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(f"{label} is truncated or damaged (its header is no JSON).") from None
    if not isinstance(header, dict):
        raise Refused(f"{label} is truncated or damaged (its header is no table of tensors).")
    header.pop("__metadata__", None)
    tensors = {name: _tensor(name, entry, 8 + length, size, label) for name, entry in header.items()}
    in_order = sorted((start, start + held) for *_, start, held in tensors.values())
    ends = [8 + length, *(end for _, end in in_order)]
    if [start for start, _ in in_order] != ends[:-1] or ends[-1] != size:
        raise Refused(f"{label} is truncated or damaged (its tensors do not lie one after the other).")
    return {"pairs": [[name, {"tensor": tensor}] for name, tensor in tensors.items()]}


def _tensor(name: str, entry: Any, begin: int, size: int, label: str) -> list[Any]:
    """Return type, sizes, strides, first number and storage of one tensor."""
    try:
        kind, sizes, (start, end) = _KINDS[entry["dtype"]], entry["shape"], entry["data_offsets"]
        fits = all(type(n) is int and n >= 0 for n in (*sizes, start, end)) and len(sizes) <= 64
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits or prod(max(1, n) for n in sizes) >> BITS:
        raise Refused(f"{label} describes {name[:40]!r} in a way that no tensor is (dtype, shape or data_offsets).")
    if end - start != prod(sizes) * ITEM_SIZES[kind] or begin + end > size:
        raise Refused(f"{label} is truncated or damaged ({name[:40]!r} has not the bytes that its shape needs).")
    strides = [prod(max(1, n) for n in sizes[i + 1 :]) for i in range(len(sizes))]
    return [kind, sizes, strides, 0, begin + start, end - start]
