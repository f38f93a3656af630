"""An export: everything is written aside, proven in a fresh process, then renamed into place."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from prunekit.errors import ExportError
from prunekit.export.formats import check_formats
from prunekit.export.manifest import FILE_NAME as MANIFEST
from prunekit.export.manifest import Manifest
from prunekit.export.measured import Measured, blank_network
from prunekit.export.verify import proofs
from prunekit.export.writing import write_export
from prunekit.records import Check, ExportedFile, Verdict
from prunekit.scratch import scratch_folder
from prunekit.store.files import check_place

Step = ExportedFile | Check | tuple[ExportedFile, ...]
"""What an export yields: each file as it is written, each check as it is made, last all files with their proofs."""


def export(measured: Measured, directory: Path, formats: Collection[str] = ()) -> Iterator[Step]:
    """Write a pruned network, prove every file in a fresh process, and only then put the folder in its place.

    Args:
        measured: the network and what is said of it.
        directory: the folder to write; new, empty, or an earlier export, which is replaced.
        formats: names of ``FORMATS`` to write besides those always written.

    Yields:
        Each file once it is written, each check once it is made; last the files with their proofs. A failed check says
        why a format cannot hold this network, such as a ``.pt2`` file where ``torch.export`` cannot capture it.

    Raises:
        ExportError: the folder holds something else or cannot be written, the reading is not of this network, no format
            can hold it, or a proof failed; nothing is left behind.
    """
    check_formats(formats)
    directory = Path(directory).absolute()
    check_folder(directory)
    captions: dict[str, str] = {}
    checks: dict[str, list[Check]] = {}
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(f".{directory.name}", directory.parent) as aside:
            folder = aside / directory.name
            for step in write_export(measured, folder, formats):
                if isinstance(step, ExportedFile):
                    captions[Path(step.path).name] = step.caption
                yield step
            for proof in proofs([folder], [measured.task.data.validation], blank_network(measured.task)):
                if not proof.check.ok:
                    raise ExportError(f"Nothing was exported: {proof.check.detail}")
                checks.setdefault(proof.file, []).append(proof.check)
                yield proof.check
            manifest = Manifest.read(folder)
            _replace(folder, directory, aside / "previous")
    except OSError as error:
        raise _unwritable(directory, error) from error
    yield tuple(
        ExportedFile(str(directory / name), entry.bytes, Verdict(tuple(checks[name])), captions[name])
        for name, entry in manifest.files.items()
    )


def check_folder(directory: Path) -> None:
    """Refuse a folder that holds anything but an earlier export, or that cannot be written.

    Raises:
        ExportError: says what is there.
    """
    directory = Path(directory).absolute()
    try:
        check_place(directory)
        if not directory.exists():
            return
        if not directory.is_dir():
            raise ExportError(f"{directory} is a file; name a folder to export to.")
        entries = {entry.name for entry in directory.iterdir()}
    except OSError as error:
        raise _unwritable(directory, error) from error
    ours = {MANIFEST, "__pycache__"}
    if MANIFEST in entries:
        ours |= set(Manifest.read(directory).files)
    if others := sorted(entries - ours):
        raise ExportError(f"{directory} holds other files ({', '.join(others[:3])}); name a new or empty folder.")


def _unwritable(directory: Path, error: OSError) -> ExportError:
    return ExportError(f"{directory} cannot be written ({error.strerror or error}); name another folder.")


def _replace(folder: Path, directory: Path, previous: Path) -> None:
    if directory.exists():
        directory.rename(previous)
    try:
        folder.rename(directory)
    except OSError as error:
        if previous.exists():
            os.replace(previous, directory)
        raise ExportError(f"The export cannot be moved to {directory} ({error.strerror}); try again.") from error
