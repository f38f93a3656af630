"""The archives of ``torch.save``: a pickle of what was saved, and a member for the numbers of each storage."""

from typing import Any, BinaryIO

from prunekit.foreign.archive import Member, members
from prunekit.foreign.legacy import read_legacy
from prunekit.foreign.named_tensors import is_safetensors, read_safetensors
from prunekit.foreign.opcodes import Reader
from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request
from prunekit.foreign.tensors import ITEM_SIZES, Storage, Tree, kind_of, refuse_objects

LONGEST_PICKLE = 1 << 26
"""Bytes of the pickle; the numbers of the tensors lie beside it."""


def read_state_dict(request: Request, out: BinaryIO) -> dict[str, Any]:
    """Say where in a file of weights which tensor lies; the content decides the format.

    Returns:
        ``{"tree": …, "layout": …}``: the tree as ``tensors.Tree`` writes it.

    Raises:
        Refused: no safetensors file and nothing that ``torch.save`` wrote; damaged, or with Python objects.
    """
    (path,) = request.paths
    with path.open("rb") as file:
        head = file.read(9)
        if is_safetensors(head):
            return {"tree": read_safetensors(file, request.size, request.label), "layout": "safetensors"}
        if head[:2] == b"PK":
            return {"tree": _read_archive(file, request.size, request.label), "layout": "torch"}
        if head[:2] == b"\x80\x02":
            file.seek(0)
            return {"tree": read_legacy(file.read(), request.label), "layout": "torch"}
    raise Refused(f"{request.label} is neither a safetensors file nor a state dict that torch.save wrote.")


def _read_archive(file: BinaryIO, size: int, label: str) -> dict[str, Any]:
    by_name = {member.name: member for member in members(file, size, label, "torch.save", (0,))}
    if any(name.endswith("/constants.pkl") for name in by_name):
        raise Refused(f"{label} is a TorchScript program; save the network's state dict and give that.")
    top = next(
        (name.removesuffix("data.pkl") for name in by_name if name.count("/") == 1 and name.endswith("/data.pkl")), ""
    )
    if not top:
        raise Refused(f"{label} is an archive, but none that torch.save wrote.")
    order = by_name.get(f"{top}byteorder")
    if order is not None and _content(file, order, 16) != b"little":
        raise Refused(f"{label} was written on a machine of another byte order; save it again on one like this.")
    pickle = by_name[f"{top}data.pkl"]
    if pickle.size > LONGEST_PICKLE:
        raise Refused(
            f"{label} describes its tensors in {pickle.size:,} bytes, more than the {LONGEST_PICKLE:,} that are read."
        )
    reader = Reader(_content(file, pickle, LONGEST_PICKLE), label)
    content = reader.load()
    refuse_objects(reader.names, label)
    return Tree(_Storages(by_name, f"{top}data/", label), label).of(content)


def _content(file: BinaryIO, member: Member, most: int) -> bytes:
    file.seek(member.start)
    return file.read(min(member.size, most))


class _Storages(dict[Any, Storage]):
    """Finds a storage's numbers by what a pickle says of it: ``('storage', class, member, device, count)``."""

    def __init__(self, by_name: dict[str, Member], folder: str, label: str) -> None:
        super().__init__()
        self.by_name, self.folder, self.label = by_name, folder, label

    def __getitem__(self, key: Any) -> Storage:
        """Return where the numbers lie.

        Raises:
            Refused: the archive does not have as many.
        """
        try:
            said, kind, name, _, count = key
            member = self.by_name[f"{self.folder}{name}"]
        except (TypeError, ValueError, KeyError):
            raise Refused(f"{self.label} is truncated or damaged (a tensor without numbers).") from None
        own = kind_of(kind, self.label)
        if said != "storage" or type(count) is not int or count * ITEM_SIZES.get(own, 1) > member.size:
            raise Refused(f"{self.label} is truncated or damaged (fewer numbers than it says).")
        return Storage(own, member.start, member.size)
