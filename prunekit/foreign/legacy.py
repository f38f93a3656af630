"""What ``torch.save`` wrote before torch 1.6: five pickles, then the numbers of each storage.

Source: ``torch.serialization._legacy_save``.
"""

import struct
from typing import Any

from prunekit.foreign.opcodes import Pairs, Reader, Stored
from prunekit.foreign.refused import Refused
from prunekit.foreign.tensors import ITEM_SIZES, MOST_TENSORS, Storage, Tree, kind_of, refuse_objects

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


def read_legacy(data: bytes, label: str) -> dict[str, Any]:
    """Say where in a file of before torch 1.6 which tensor lies.

    Returns:
        The tree as ``tensors.Tree`` writes it.

    Raises:
        Refused: damaged, or with Python objects.
    """
    reader = Reader(data, label)
    magic, protocol, system = reader.load(), reader.load(), reader.load()
    if magic != MAGIC or protocol != PROTOCOL:
        raise Refused(f"{label} is neither a safetensors file nor a state dict that torch.save wrote.")
    if not isinstance(system, Pairs) or ("little_endian", True) not in [pair for pair in system.items if _plain(pair)]:
        raise Refused(f"{label} was written on a machine of another byte order; save it again on one like this.")
    content = reader.load()
    refuse_objects(reader.names, label)
    keys = reader.load()
    if not isinstance(keys, list) or len(keys) > MOST_TENSORS or not all(isinstance(key, str) for key in keys):
        raise Refused(f"{label} is truncated or damaged (no list of its storages).")
    storages = _Storages(reader.stored, label)
    place = reader.place
    for key in keys:
        place = storages.find(key, data, place)
    return Tree(storages, label).of(content)


def _plain(pair: tuple[Any, Any]) -> bool:
    return all(isinstance(part, str | bool) for part in pair)


class _Storages(dict[Any, Storage]):
    """Finds a storage's numbers by what a pickle says of it: ``('storage', class, key, device, count, view)``."""

    def __init__(self, said: list[Stored], label: str) -> None:
        super().__init__()
        self.label, self.kinds = label, {}
        for stored in said:
            key, kind, _ = self._parts(stored.key)
            self.kinds[key] = kind

    def _parts(self, said: Any) -> tuple[str, str, Any]:
        if not isinstance(said, tuple) or len(said) != 6 or said[0] != "storage" or not isinstance(said[2], str):
            raise Refused(f"{self.label} is truncated or damaged (a tensor without numbers).")
        return said[2], kind_of(said[1], self.label), said[5]

    def find(self, key: str, data: bytes, place: int) -> int:
        """Note where a storage lies that begins at ``place``, and return where it ends."""
        width = ITEM_SIZES.get(self.kinds.get(key, ""), 0)
        head = data[place : place + 8]
        count = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        if not width or not 0 <= count <= (len(data) - place - 8) // width:
            raise Refused(f"{self.label} is truncated or damaged (fewer numbers than it says).")
        self[key] = Storage(self.kinds[key], place + 8, count * width)
        return place + 8 + count * width

    def __getitem__(self, said: Any) -> Storage:
        """Return where the numbers lie; a view shows a part of a storage.

        Raises:
            Refused: the file does not have them.
        """
        key, kind, view = self._parts(said)
        whole = self.get(key)
        if whole is None:
            raise Refused(f"{self.label} is truncated or damaged (a tensor without numbers).")
        if view is None:
            return whole
        width = ITEM_SIZES[kind]
        if not isinstance(view, tuple) or len(view) != 3 or not all(type(n) is int and n >= 0 for n in view[1:]):
            raise Refused(f"{self.label} is truncated or damaged (a view without a place).")
        start, size = view[1] * width, view[2] * width
        if start + size > whole.size:
            raise Refused(f"{self.label} is truncated or damaged (fewer numbers than it says).")
        return Storage(kind, whole.start + start, size)
