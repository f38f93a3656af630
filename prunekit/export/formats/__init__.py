"""Export formats: one record a file, and functions over all of them."""

from collections.abc import Collection
from importlib.util import find_spec

from prunekit.errors import ExportError, close_matches, listed
from prunekit.export.formats.checkpoint import CHECKPOINT
from prunekit.export.formats.format import Format, Runtime, no_checks
from prunekit.export.formats.int8 import INT8
from prunekit.export.formats.onnx import ONNX
from prunekit.export.formats.pt2 import PT2
from prunekit.export.formats.pth import PTH

__all__ = ["FORMATS", "Format", "Runtime", "check_formats", "no_checks", "offered", "runtimes", "to_write"]

FORMATS: dict[str, Format] = {format.name: format for format in (CHECKPOINT, PT2, PTH, ONNX, INT8)}
"""Every format by name, in the order in which files are written; a new one is a record here."""


def offered(has_train: bool = True) -> dict[str, Format]:
    """Return the formats that are written only where they are asked for.

    Args:
        has_train: whether there are train samples; without them some formats cannot be written.
    """
    return {
        name: format for name, format in FORMATS.items() if not format.always and (has_train or not format.needs_train)
    }


def runtimes(has_train: bool = True) -> dict[str, str]:
    """Return what a network can be timed in, with its title: PyTorch as it is, or what runs the files of a format.

    Args:
        has_train: whether there are train samples.
    """
    formats = offered(has_train)
    return {"eager": "PyTorch"} | {name: one.runtime.title for name, one in formats.items() if one.runtime}


def to_write(names: Collection[str]) -> list[Format]:
    """Return the formats that an export writes: those chosen, those always written, and those they are made of."""
    chosen = {*names, *(name for name, format in FORMATS.items() if format.always)}
    for name in names:
        chosen |= {*FORMATS[name].made_of}
    return [format for name, format in FORMATS.items() if name in chosen]


def check_formats(names: Collection[str]) -> None:
    """Refuse formats that cannot be written here, before anything is measured or written.

    Raises:
        ExportError: nobody knows a name, or a format needs packages that are not installed.
    """
    for name in names:
        if name not in FORMATS:
            raise ExportError(f"Unknown format {name!r}; {close_matches(name, offered())}")
    for format in to_write(names):
        if missing := [package for package in format.packages if find_spec(package) is None]:
            what = f"'prunekit[{format.extra}]'" if format.extra else " ".join(missing)
            raise ExportError(
                f"The format {format.name} needs {listed(missing)}, which cannot be imported here; pip install {what}."
            )
