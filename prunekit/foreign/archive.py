"""Zip archives, by what their directory claims, before any member is read."""

import struct
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from prunekit.foreign.refused import Refused

MOST_MEMBERS = 1 << 17
"""A network has a member for each of its tensors at most."""
_LOCAL = struct.Struct("<4s5H3I2H")
"""A member's own header: signature, version, flags, packing, time, date, checksum, two sizes, two lengths."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive.

    Attributes:
        name: its name.
        start: where its bytes begin in the file.
        packed: how many bytes it has there.
        size: how many it claims to have unpacked.
        method: how it is packed; 0 is not at all.
    """

    name: str
    start: int
    packed: int
    size: int
    method: int


def members(file: BinaryIO, size: int, label: str, writer: str, methods: tuple[int, ...]) -> list[Member]:
    """List an archive's members, once it is known that they add up.

    Args:
        file: the archive, opened for reading.
        size: its bytes.
        label: what it is called in an error.
        writer: who writes such files, in an error.
        methods: how members may be packed.

    Raises:
        Refused: no whole archive; or members that are encrypted, packed otherwise, twice there, outside of the file
            or over each other.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except Exception as error:  # a damaged directory may raise anything
        if isinstance(error, MemoryError):
            raise
        raise Refused(f"{label} is truncated or damaged (no zip directory).") from None
    if len(entries) > MOST_MEMBERS:
        raise Refused(f"{label} has {len(entries):,} members, more than the {MOST_MEMBERS:,} that are read.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(f"{label} is encrypted; give it without a password.")
    if any(entry.compress_type not in methods for entry in entries):
        raise Refused(f"{label} is compressed inside, which {writer} never does; it is refused.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise Refused(f"{label} has two members of one name; it is refused.")
    stored = sum(entry.compress_size for entry in entries)
    if stored > size:
        raise Refused(f"{label} claims to hold {stored:,} bytes in a file of {size:,}; it is refused.")
    listed = [_member(file, size, label, entry) for entry in entries]
    in_order = sorted(listed, key=lambda member: member.start)
    for before, after in pairwise(in_order):
        if before.start + before.packed > after.start:
            raise Refused(f"{label} has members that lie over each other; it is refused.")
    return listed


def _member(file: BinaryIO, size: int, label: str, entry: zipfile.ZipInfo) -> Member:
    """Find where a member's bytes are, which only its own header says."""
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        raise Refused(f"{label} is truncated or damaged (a member without a header).")
    *_, name_length, more_length = _LOCAL.unpack(head)
    start = entry.header_offset + _LOCAL.size + name_length + more_length
    if start + entry.compress_size > size or (entry.compress_type == 0 and entry.compress_size != entry.file_size):
        raise Refused(f"{label} is truncated or damaged (a member beyond the file's end).")
    return Member(entry.filename, start, entry.compress_size, entry.file_size, entry.compress_type)
