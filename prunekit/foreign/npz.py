"""Numpy's ``.npz`` files: an archive of arrays, each with a header of one line.

Source: numpy's format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from math import prod
from typing import Any, BinaryIO

from prunekit.foreign.archive import Member, members
from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request

MOST_ARRAYS = 64
PIECE = 1 << 20
LONGEST_HEADER = 1 << 16
_HEADER = re.compile(
    r"\s*\{\s*'descr':\s*'(?P<descr>[<>|=]?[a-zA-Z]\d*)',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d\sL,]*)\),?\s*\}\s*"
)
_TYPE = re.compile(r"(?P<order>[<>|=])?(?P<kind>[?biufcUS])(?P<width>\d{1,6})?")


def most_bytes(size: int) -> int:
    """Return how many bytes a file of ``size`` bytes may unpack to: images pack to a third, masks to a twentieth."""
    return (1 << 28) + 30 * size


def read_npz(request: Request, out: BinaryIO) -> dict[str, Any]:
    """Unpack the arrays of an ``.npz`` file.

    Args:
        request: the file.
        out: takes the arrays' bytes, one after the other.

    Returns:
        ``{"arrays": [[name, type, sizes, whether the first axis runs fastest], …]}``.

    Raises:
        Refused: no archive of plain arrays, damaged, or one that would unpack to far more than it is.
    """
    label, (path,) = request.label, request.paths
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            raise Refused(f"{label} is no .npz file of plain arrays.")
        found = members(file, request.size, label, "numpy", (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        if len(found) > MOST_ARRAYS:
            raise Refused(f"{label} holds {len(found):,} arrays, more than the {MOST_ARRAYS} that are read.")
        if other := next((member.name for member in found if not member.name.endswith(".npy")), None):
            raise Refused(f"{label} holds {other[:60]!r}, which is no array; give an .npz file of arrays alone.")
        total = sum(member.size for member in found)
        if total > most_bytes(request.size):
            raise Refused(f"{label} unpacks to {total:,} bytes, out of {request.size:,}; save it without compression.")
        return {"arrays": [_array(file, member, out, label) for member in found]}


def _array(file: BinaryIO, member: Member, out: BinaryIO, label: str) -> list[Any]:
    """Unpack one array and return what its header says."""
    name = member.name.removesuffix(".npy")[:100]
    pieces = _unpacked(file, member, label)
    head = next(pieces, b"")
    width = 2 if head[6:7] == b"\x01" else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if (
        head[:6] != b"\x93NUMPY"
        or head[6] not in (1, 2, 3)
        or length > LONGEST_HEADER
        or len(head) < 8 + width + length
    ):
        raise Refused(f"{label} is truncated or damaged (the array {name!r} has no header).")
    header = _HEADER.fullmatch(head[8 + width : 8 + width + length].decode("latin-1"))
    kind = _TYPE.fullmatch(header["descr"]) if header else None
    if header is None or kind is None:
        raise Refused(f"{label} holds {name!r}, which is no array of plain numbers; it is refused.")
    sizes = [int(number) for number in re.findall(r"\d+", header["shape"][:400])]
    item = int(kind["width"] or 1) * (4 if kind["kind"] == "U" else 1)
    rest = member.size - 8 - width - length
    if len(sizes) > 32 or prod(max(1, size) for size in sizes) >> 48 or prod(sizes) * item != rest:
        raise Refused(f"{label} is truncated or damaged (the array {name!r} has not the bytes that its shape needs).")
    written = out.write(head[8 + width + length :]) + sum(out.write(piece) for piece in pieces)
    if written != rest:
        raise Refused(f"{label} is truncated or damaged (the array {name!r} unpacks to another size than it claims).")
    return [name, header["descr"], sizes, header["fortran"] == "True"]


def _unpacked(file: BinaryIO, member: Member, label: str) -> Iterator[bytes]:
    """Yield a member's bytes, piece by piece, and never more than it claims."""
    file.seek(member.start)
    inflate, left, claimed = zlib.decompressobj(-15), member.packed, member.size
    while left > 0 or (member.method and inflate.unconsumed_tail):
        packed = inflate.unconsumed_tail or file.read(min(PIECE, left))
        left -= 0 if inflate.unconsumed_tail else len(packed)
        try:
            piece = inflate.decompress(packed, PIECE) if member.method else packed
        except zlib.error:
            raise Refused(f"{label} is truncated or damaged (an array that does not unpack).") from None
        claimed -= len(piece)
        if claimed < 0 or not packed:
            raise Refused(f"{label} is truncated or damaged (an array that unpacks to another size than it claims).")
        if piece:
            yield piece
