"""Writing the files of an export, format by format, with a manifest of all that is claimed of them."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prunekit.errors import RAISED, ExportError, said
from prunekit.export import reference
from prunekit.export.checkpoint import versions
from prunekit.export.formats import Format, to_write
from prunekit.export.manifest import Manifest, Own, file_entry
from prunekit.export.measured import Measured, own_class
from prunekit.measure.sizes import nonzero
from prunekit.objectives import of_outputs
from prunekit.records import Check, ExportedFile

RECIPE = "recipe.json"


@dataclass(slots=True)
class _Folder:
    """The folder that is written, what it holds, and what is claimed of it besides the measured network."""

    path: Path
    files: list[str] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)

    def new(self) -> list[Path]:
        """Return the files that are not listed yet."""
        return sorted(path for path in self.path.iterdir() if path.name not in self.files)

    def listed(self, path: Path, caption: str = "") -> ExportedFile:
        """List a file that was written."""
        self.files.append(path.name)
        return ExportedFile(str(path), path.stat().st_size, caption=caption)


def write_export(measured: Measured, directory: Path, formats: Collection[str] = ()) -> Iterator[ExportedFile | Check]:
    """Write the files of an export without their proof.

    Args:
        measured: the network and what is said of it.
        directory: where to write; made if it is missing.
        formats: names of formats to write besides those always written.

    Yields:
        Each file once it is written, without a proof; a failed check for a format that cannot hold this network.

    Raises:
        ExportError: the reading is not this network's, or no format can hold the network.
    """
    measured.check_reading()
    directory.mkdir(exist_ok=True)
    folder = _Folder(directory)
    reference.write_reference(directory / reference.FILE_NAME, measured.answers)
    yield folder.listed(directory / reference.FILE_NAME)
    refused: list[Check] = []
    for format in to_write(formats):
        try:
            yield from _write(format, measured, folder)
        except ExportError as error:
            refused.append(Check(format.name, False, str(error)))
            yield refused[-1]
    if not folder.formats:
        raise ExportError(refused[-1].detail)
    (directory / RECIPE).write_text(json.dumps(measured.recipe.to_json(), indent=2) + "\n")
    yield folder.listed(directory / RECIPE, "The recipe: ask the same question again, here or on the command line.")
    _manifest(measured, folder).write(directory)


def _write(format: Format, measured: Measured, folder: _Folder) -> Iterator[ExportedFile | Check]:
    """Write the file of a format with what belongs to it; nothing of it stays where it cannot be written."""
    path = folder.path / f"{measured.name}{format.suffix}"
    try:
        _check_possible(format, measured, folder)
        format.write(measured, path)
        if not path.exists():
            raise ExportError(f"The format {format.name} wrote no file {path.name}; let its function write that path.")
        reply = _measure(format, measured, path) if format.differs else None
    except OSError:
        raise  # the disk's, not the format's
    except RAISED as error:
        for new in folder.new():
            new.unlink()
        if isinstance(error, ExportError):
            raise
        raise ExportError(f"The format {format.name} raised {said(error)}.") from error
    folder.formats[path.name] = format.name
    yield folder.listed(path, format.caption)
    for beside in folder.new():
        yield folder.listed(beside, "" if beside.name.startswith(reference.STEM) else format.beside)
    if reply is not None:
        folder.own[path.name], check = reply
        yield check
    if format.fills_class and (name := own_class(measured.task)):
        yield Check(
            format.name,
            True,
            f"No factory that makes a {name} can be imported by its name, so what loads {path.name} takes a dense "
            f"network that you make: load(network).",
        )


def _check_possible(format: Format, measured: Measured, folder: _Folder) -> None:
    """Refuse a format that cannot hold this network, before it writes anything.

    Raises:
        ExportError: says why.
    """
    if format.fills_class:
        measured.check_class()
    if missing := {*format.made_of} - {*folder.formats.values()}:
        raise ExportError(f"{format.title} is made of the format {missing.pop()}, which could not be written.")
    if format.needs_train and measured.task.data.train is None:
        raise ExportError(f"{format.title} needs train data, and this task has none.")
    if format.differs and of_outputs(measured.task.metric) is None:
        raise ExportError(
            f"{format.title} is another network, and {measured.task.metric} is not known where it is proven."
        )


def _measure(format: Format, measured: Measured, path: Path) -> tuple[Own, Check]:
    """Measure a file that is another network, and write its answers for its proof."""
    split, metric = measured.task.data.validation, measured.task.metric
    answers = reference.outputs(format.load(path), split.inputs)
    beside = path.with_name(f"{reference.STEM}_{format.name}.safetensors")
    reference.write_reference(beside, answers)
    reading = reference.agreement(reference.Reference.of(answers), answers, split.targets, metric)
    assert reading.value is not None, "the metric is known"
    return Own(beside.name, reading.correct, reading.value), Check(
        format.name,
        True,
        f"{format.title} has {metric} {reading.value:.2%} on {len(split):,} validation samples, "
        f"{100 * (reading.value - measured.reading.value):+.2f} points from the network it was made of.",
    )


def _manifest(measured: Measured, folder: _Folder) -> Manifest:
    cost, reading, split = measured.pruned.cost, measured.reading, measured.task.data.validation
    return Manifest(
        name=measured.name,
        task=measured.task.name,
        params=cost.params,
        macs=cost.macs,
        bytes=cost.bytes,
        bytes_dense=measured.structure.cost({}).bytes,
        metric=reading.metric,
        value=reading.value,
        correct=reading.correct,
        n=reading.n,
        split=reference.split_digest(split),
        files={name: file_entry(folder.path / name) for name in folder.files},
        versions=versions(),
        own=folder.own,
        nonzero=nonzero(measured.model),
        rounding=measured.rounding,
        formats=folder.formats,
        own_class=own_class(measured.task),
    )
