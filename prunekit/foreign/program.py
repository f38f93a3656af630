"""Exported programs: a ``.pt2`` file, written anew with nothing in it that its loader would run."""

import json
import re
import zipfile
from math import prod
from typing import Any, BinaryIO

from prunekit.foreign.archive import Member, members
from prunekit.foreign.description import Description
from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request

LONGEST_DESCRIPTION = 1 << 25
MOST_NODES = 100_000
_DESCRIPTION = "models/model.json"
_SAMPLE = "data/sample_inputs/model.pt"
_CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
_EXPECTED = re.compile(
    r"data/weights/weight_\d{1,9}|data/constants/tensor_\d{1,9}|byteorder|archive_format|archive_version"
    r"|\.data/(version|serialization_id)|" + "|".join(map(re.escape, (_DESCRIPTION, _SAMPLE, *_CONFIGS)))
)
"""What torch.export writes for a network of tensors. Anything else, as objects or compiled code, its loader would
unpickle or run."""
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2, 34: 4, 35: 8} | {
    **dict.fromkeys((29, 30, 31, 32, 33), 1)
}
"""Bytes of a number by torch.export's code for its type."""


def read_program(request: Request, out: BinaryIO) -> dict[str, Any]:
    """Write an exported program anew, once everything in it is known to be harmless.

    Args:
        request: the file; its options say whether ``samples`` are left out or refused.
        out: takes the new archive; its sample inputs are empty.

    Returns:
        ``{"targets": […]}``: the operators that it names.

    Raises:
        Refused: damaged, no exported program, or with anything but tensors and a graph of known operators.
    """
    label, (path,) = request.label, request.paths
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            raise Refused(f"{label} is no .pt2 file that torch.export wrote.")
        by_name = {}
        for member in members(file, request.size, label, "torch.export", (0,)):
            name = member.name.partition("/")[2]
            if not _EXPECTED.fullmatch(name):
                raise Refused(
                    f"{label} holds {name[:60] or member.name[:60]!r}, which a network of tensors does not need."
                )
            by_name[name] = member
        if _SAMPLE in by_name and by_name[_SAMPLE].size and not request.options["samples"]:
            raise Refused(f"{label} holds pickled sample inputs, which may run code when loaded; export it again.")
        for name in (_DESCRIPTION, *_CONFIGS):
            if name not in by_name:
                raise Refused(f"{label} is truncated or damaged (it has no {name}).")
        description = Description(label)
        rewritten = {
            name: description.checked(_content(file, by_name[name], label)) for name in (_DESCRIPTION, *_CONFIGS)
        }
        if _nodes(rewritten[_DESCRIPTION]) > MOST_NODES:
            raise Refused(f"{label} has more than {MOST_NODES:,} operations; it is refused.")
        for name in _CONFIGS:
            _check_tensors(rewritten[name], name.rpartition("/")[0], by_name, label)
        with zipfile.ZipFile(out, "w") as kept:
            for name, member in by_name.items():
                kept.writestr(f"archive/{name}", _rewritten(file, name, member, rewritten))
    return {"targets": list(description.targets)}


def _content(file: BinaryIO, member: Member, label: str) -> bytes:
    if member.size > LONGEST_DESCRIPTION:
        raise Refused(
            f"{label} describes itself in {member.size:,} bytes, more than the {LONGEST_DESCRIPTION:,} that are read."
        )
    file.seek(member.start)
    return file.read(member.size)


def _rewritten(file: BinaryIO, name: str, member: Member, rewritten: dict[str, Any]) -> bytes:
    if name == _SAMPLE:
        return b""  # the loader would unpickle it
    if name in rewritten:
        return json.dumps(rewritten[name]).encode()
    file.seek(member.start)
    return file.read(member.size)


def _nodes(value: Any) -> int:
    """Count the operations of a graph and of those within it."""
    if isinstance(value, dict):
        own = len(value["nodes"]) if isinstance(value.get("nodes"), list) else 0
        return own + sum(map(_nodes, value.values()))
    return sum(map(_nodes, value)) if isinstance(value, list) else 0


def _check_tensors(config: Any, folder: str, by_name: dict[str, Member], label: str) -> None:
    """Refuse pickled tensors, and such as are more than the bytes that the file has for them."""
    try:
        for name, entry in config["config"].items():
            if entry.get("use_pickle", True) is not False:
                raise Refused(f"{label} holds pickled tensors, which may run code when loaded.")
            meta, member = entry["tensor_meta"], by_name[f"{folder}/{entry['path_name']}"]
            sizes = [int(size["as_int"]) for size in meta["sizes"]]
            strides = [int(stride["as_int"]) for stride in meta["strides"]]
            offset, width = int(meta["storage_offset"]["as_int"]), _WIDTHS[meta["dtype"]]
            last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
            if min([*sizes, *strides, offset, 0]) < 0 or prod(max(1, size) for size in sizes) >> 48:
                raise ValueError
            if (count := prod(sizes)) * width > member.size or (count and (last + 1) * width > member.size):
                raise Refused(f"{label} stores {name[:60]} in a form that is no plain dense tensor; it is refused.")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused(f"{label} is truncated or damaged (it does not say where its tensors are).") from None
