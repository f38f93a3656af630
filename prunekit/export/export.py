"""Writing an export: everything aside, proven in a fresh process, then renamed into place."""

import json
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from torch import Tensor

from prunekit.cut.pruned import Pruned
from prunekit.errors import ExportError, close_matches
from prunekit.export import reference
from prunekit.export.checkpoint import versions, write_checkpoint
from prunekit.export.manifest import FILE_NAME as MANIFEST
from prunekit.export.manifest import Manifest, Own, file_entry
from prunekit.export.pt2 import write_pt2
from prunekit.export.snippet import load_snippet
from prunekit.export.verify import proofs
from prunekit.graph.rewrite import GraphNetwork
from prunekit.graph.structure import Structure
from prunekit.measure.evaluate import logits
from prunekit.measure.sizes import nonzero
from prunekit.objectives import of_outputs
from prunekit.quantize.activations import without_rounding
from prunekit.recipe import Recipe
from prunekit.records import Check, ExportedFile, Reading, Verdict
from prunekit.store.files import check_place
from prunekit.tasks.task import Split, Task

Step = ExportedFile | Check | tuple[ExportedFile, ...]
"""What an export yields: each file as it is written, each check as it is made, last all files with their proofs."""


FORMATS = ("onnx", "int8")
"""What can be written besides checkpoint and program."""


def export(
    task: Task,
    structure: Structure,
    recipe: Recipe,
    pruned: Pruned,
    reading: Reading,
    directory: Path,
    formats: Collection[str] = (),
) -> Iterator[Step]:
    """Write a pruned network, prove every file in a fresh process, and only then put the folder in its place.

    Args:
        task: the task that was pruned.
        structure: its analysis, for the dense counts.
        recipe: the question.
        pruned: its answer; the network is the one that was measured, also where it was recalibrated or fine-tuned.
        reading: its exact reading on the whole validation split.
        directory: the folder to write; new, empty, or an earlier export, which is replaced.
        formats: what of ``FORMATS`` to write besides: ``onnx`` in single precision, ``int8`` for ONNX Runtime, with
            activations calibrated on train data.

    Yields:
        Each file once it is written, each check once it is made; last the files with their proofs. A network that
        ``torch.export`` cannot capture has no ``.pt2`` file, one whose class cannot lose what was cut has that file
        only, and a failed check says why.

    Raises:
        ExportError: the folder holds something else or cannot be written, the reading is not of this network, or a
            proof failed; nothing is left behind.
    """
    if unknown := sorted({*formats} - {*FORMATS}):
        raise ExportError(f"Unknown format {unknown[0]!r}; {close_matches(unknown[0], FORMATS)}")
    directory = Path(directory).absolute()
    check_folder(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as aside:
            folder = Path(aside) / directory.name
            yield from write_export(task, structure, recipe, pruned, reading, folder, formats)
            checks: dict[str, list[Check]] = {}
            for proof in proofs([folder], [task.data.validation]):
                if not proof.check.ok:
                    raise ExportError(f"Nothing was exported: {proof.check.detail}")
                checks.setdefault(proof.file, []).append(proof.check)
                yield proof.check
            manifest = Manifest.read(folder)
            _replace(folder, directory, Path(aside) / "previous")
    except OSError as error:
        raise _unwritable(directory, error) from error
    yield tuple(
        ExportedFile(str(directory / name), entry.bytes, Verdict(tuple(checks[name])))
        for name, entry in manifest.files.items()
    )


def write_export(
    task: Task,
    structure: Structure,
    recipe: Recipe,
    pruned: Pruned,
    reading: Reading,
    folder: Path,
    formats: Collection[str] = (),
) -> Iterator[ExportedFile | Check]:
    """Write the files of an export without their proof.

    Args:
        task: the task that was pruned.
        structure: its analysis, for the dense counts.
        recipe: the question.
        pruned: its answer; the network is the one that was measured, also where it was recalibrated or fine-tuned.
        reading: its exact reading on the whole validation split.
        folder: where to write; made if it is missing.
        formats: what of ``FORMATS`` to write besides.

    Yields:
        Each file once it is written, without a proof; a failed check for a format that cannot hold this network.

    Raises:
        ExportError: the reading is not this network's, or there is no format for it.
    """
    split = task.data.validation
    correct = _exact(reading, recipe, len(split))
    folder.mkdir(exist_ok=True)
    name = re.sub(r"\W", "_", task.name)
    files: list[Path] = []

    def written(file: str) -> ExportedFile:
        files.append(folder / file)
        return ExportedFile(str(folder / file), files[-1].stat().st_size)

    (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=2) + "\n")
    yield written("recipe.json")
    own_class = task.factory_path != "" and not isinstance(pruned.model, GraphNetwork)
    if own_class:
        snippet = load_snippet(
            name,
            task.factory_path,
            pruned.cost.params,
            arguments=task.arguments,
            few_bits=bool(pruned.precisions),
            rounds_inputs=bool(pruned.levels),
            replaced=bool(pruned.replaced),
        )
        (folder / f"load_{name}.py").write_text(snippet)
        yield written(f"load_{name}.py")
    answers = logits(pruned.model, split)
    reference.write_reference(folder / reference.FILE_NAME, answers)
    yield written(reference.FILE_NAME)
    if own_class:
        write_checkpoint(folder / f"{name}.safetensors", task, recipe, pruned, reading)
        yield written(f"{name}.safetensors")
    else:
        yield Check("own class", False, _no_class(task, structure, pruned))
    try:
        write_pt2(pruned.model, task.example, folder / f"{name}.pt2")
        yield written(f"{name}.pt2")
    except ExportError as error:
        if not own_class:
            raise
        yield Check("capture", False, str(error))
    own: dict[str, Own] = {}
    if formats:
        try:
            for path, check in _onnx(task, pruned, reading, folder / name, formats, own):
                yield written(path.name)
                if check is not None:
                    yield check
        except ExportError as error:
            yield Check("onnx", False, str(error))
    Manifest(
        name=name,
        task=task.name,
        params=pruned.cost.params,
        macs=pruned.cost.macs,
        bytes=pruned.cost.bytes,
        bytes_dense=structure.cost({}).bytes,
        metric=reading.metric,
        value=reading.value,
        correct=correct,
        n=reading.n,
        split=reference.split_digest(split),
        files={path.name: file_entry(path) for path in files},
        versions=versions(),
        own=own,
        nonzero=nonzero(pruned.model),
        rounding=_rounding(pruned, answers, split),
    ).write(folder)


def _rounding(pruned: Pruned, answers: Tensor, split: Split) -> float:
    """Return what rounding the inputs of layers does to a network's answers."""
    if not pruned.levels:
        return 0.0
    return reference.mean_difference(answers, logits(without_rounding(pruned.model), split))


def _no_class(task: Task, structure: Structure, pruned: Pruned) -> str:
    """Say why there is no checkpoint for the network's own class."""
    if not task.factory_path:
        return "There is a program only: the task was opened from one, so there is no class to fill from a checkpoint."
    groups = [structure.group(name) for name in pruned.kept]
    fixed = next(group for group in groups if group.graph_only and len(pruned.kept[group.name]) < group.units)
    return (
        f"There is a .pt2 file only: the network's own class cannot lose units of {fixed.name!r} ({fixed.graph_only})."
    )


def _onnx(
    task: Task, pruned: Pruned, reading: Reading, stem: Path, formats: Collection[str], own: dict[str, Own]
) -> Iterator[tuple[Path, Check | None]]:
    """Write the network as ONNX; its int8 version is another network, which is measured and proven as itself."""
    from prunekit.export.onnx import CALIBRATION, OnnxNetwork, write_int8, write_onnx

    single, few = stem.with_name(f"{stem.name}.onnx"), stem.with_name(f"{stem.name}_int8.onnx")
    write_onnx(pruned.model, task.example, single)
    yield single, None
    if "int8" not in formats:
        return
    if task.data.train is None:
        raise ExportError("int8 needs train data to find the range of its activations, and this task has none.")
    if of_outputs(task.metric) is None:
        raise ExportError(f"The int8 file is another network, and {task.metric} cannot be asked of ONNX Runtime.")
    with tempfile.TemporaryDirectory(prefix="prunekit-onnx-") as aside:
        if pruned.levels:  # int8 has grids of its own
            single = Path(aside) / single.name
            write_onnx(without_rounding(pruned.model), task.example, single)
        write_int8(single, task.data.train(0).inputs[:CALIBRATION], few)
    split = task.data.validation
    answers = reference.outputs(OnnxNetwork(few), split.inputs)
    found = few.with_name(f"{reference.STEM}_int8.safetensors")
    reference.write_reference(found, answers)
    yield found, None
    told = reference.agreement(reference.Reference.of(answers), answers, split.targets, task.metric)
    assert told.value is not None, "the metric is known"
    own[few.name] = Own(found.name, told.correct, told.value)
    yield (
        few,
        Check(
            "int8",
            True,
            f"int8 in ONNX Runtime has {task.metric} {told.value:.2%} on {len(split):,} validation samples, "
            f"{100 * (told.value - reading.value):+.2f} points from the network it was made of.",
        ),
    )


def _exact(reading: Reading, recipe: Recipe, n: int) -> int | None:
    """Return how many samples are right, where they are counted, if the reading is an exact one of this recipe."""
    if reading.recipe != recipe.digest or reading.split != "validation" or reading.n != n:
        raise ExportError(
            f"An export needs this recipe's reading on all {n:,} validation samples, "
            f"not one on {reading.n:,} {reading.split} samples; evaluate it first."
        )
    return reading.correct


def check_folder(directory: Path) -> None:
    """Refuse a folder that holds anything but an earlier export, or that cannot be written.

    Raises:
        ExportError: says what is there.
    """
    directory = directory.absolute()
    try:
        check_place(directory)
        if not directory.exists():
            return
        if not directory.is_dir():
            raise ExportError(f"{directory} is a file; name a folder to export to.")
        found = {entry.name for entry in directory.iterdir()}
    except OSError as error:
        raise _unwritable(directory, error) from error
    ours = {MANIFEST, "__pycache__"}
    if MANIFEST in found:
        ours |= set(Manifest.read(directory).files)
    if others := sorted(found - ours):
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
