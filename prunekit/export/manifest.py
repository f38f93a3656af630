"""The manifest: what an export claims about itself, and the digest of every file in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prunekit.errors import ExportError
from prunekit.export.formats import FORMATS
from prunekit.outside import checked

FILE_NAME = "manifest.json"
FORMAT = "prunekit-export"
VERSION = 1


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One exported file: its bytes and their SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Own:
    """The measured outputs of a file that holds another network than the measured one, such as its int8 version.

    Attributes:
        reference: name of the file that holds its outputs.
        correct: how many validation samples it gets right; ``None`` for a metric that does not count.
        value: the metric.
    """

    reference: str
    correct: int | None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything displayed of the measured network, for a proof to compare with.

    Attributes:
        name: stem of the exported files.
        task: the task's name.
        params: parameters of the measured network.
        macs: its multiply-accumulates for one input.
        bytes: bytes of its parameters and persistent buffers.
        bytes_dense: the same of the dense network.
        metric: name of the metric.
        value: the metric on the validation split.
        correct: how many of the samples are right; ``None`` for a metric that does not count.
        n: validation samples.
        split: digest of the validation split's inputs and targets.
        files: every other file of the export by its name.
        versions: what wrote it.
        own: what was measured of a file that is another network, by the file's name.
        nonzero: parameters that are not zero; ``None`` in exports that do not say.
        rounding: root mean square of what rounding the inputs of layers does to the outputs; 0 where none is rounded.
        formats: file → name of its format, of every file that holds a network; empty in exports that do not say.
        own_class: the network's class, as ``Net of module``, where its receiver makes a network to be filled; empty
            where the load snippet makes it.
    """

    name: str
    task: str
    params: int
    macs: int
    bytes: int
    bytes_dense: int
    metric: str
    value: float
    correct: int | None
    n: int
    split: str
    files: Mapping[str, FileEntry]
    versions: Mapping[str, str]
    own: Mapping[str, Own] = field(default_factory=dict)
    nonzero: int | None = None
    rounding: float = 0.0
    formats: Mapping[str, str] = field(default_factory=dict)
    own_class: str = ""

    def format_of(self, file: str) -> str:
        """Name the format of a file of the export; empty where the file holds no network."""
        if self.formats:
            return self.formats.get(file, "")
        return next((format.name for format in FORMATS.values() if file == f"{self.name}{format.suffix}"), "")

    def write(self, folder: Path) -> Path:
        """Write ``manifest.json`` into ``folder`` and return its path."""
        path = folder / FILE_NAME
        path.write_text(json.dumps({"format": FORMAT, "version": VERSION, **asdict(self)}, indent=2) + "\n")
        return path

    @staticmethod
    def read(folder: Path) -> "Manifest":
        """Read the manifest of an export.

        Raises:
            ExportError: there is none, or it is not one of PruneKit's.
        """
        path = folder / FILE_NAME
        try:
            data: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            raise ExportError(f"{folder} holds no {FILE_NAME}; name the folder an export was written to.") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ExportError(f"{path} cannot be read ({error}); export again.") from None
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT or data.pop("version", None) != VERSION:
            raise ExportError(f"{path} is not a PruneKit export of version {VERSION}; export again.")
        try:
            files = {_plain(name): checked(FileEntry(**entry)) for name, entry in data.pop("files").items()}
            own = {
                _plain(name): checked(Own(_plain(entry["reference"]), entry["correct"], entry.get("value")))
                for name, entry in data.pop("own", {}).items()
            }
            formats = dict(data.pop("formats", {}))
            return checked(Manifest(**data, files=files, own=own, formats=formats))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ExportError(f"{path} lacks or adds keys, or has a value of another kind; export again.") from None


def file_entry(path: Path) -> FileEntry:
    """Measure and digest one file."""
    with path.open("rb") as file:
        return FileEntry(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _plain(name: str) -> str:
    """Refuse a file name that leads out of the export's folder."""
    if not isinstance(name, str) or Path(name).name != name:
        raise ExportError(f"The manifest names {name!r}, which is not a file of its own folder; export again.")
    return name
