"""Export: the measured network as files, proven before they are offered."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.export.formats import check_formats
from prunekit.recipe import Recipe
from prunekit.records import Evaluation, Verdict
from prunekit.subject.conditions import use_threads
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.reading import evaluate

if TYPE_CHECKING:
    from prunekit.export.export import Step

# The formats and their proofs are imported by whoever exports: opening a task does without them.


def export(
    opened: Opened, recipe: Recipe, directory: Path, formats: Collection[str] = ()
) -> "Iterator[Step | Evaluation]":
    """Write the network a recipe asks for as files, each proven in a fresh process.

    Args:
        opened: the task.
        recipe: the question.
        directory: the folder to write; new, empty, or an earlier export.
        formats: names of ``FORMATS`` to write besides checkpoint and program: ``pth``, ``onnx``, ``int8``, a
            person's own.

    Yields:
        The evaluation on the test split, where there is one, read here and nowhere else; files as they are written,
        checks as they are made; last all files with their proofs.

    Raises:
        ExportError: a proof failed, or the folder holds something else or cannot be written; nothing is left behind.
        RecipeError: the recipe does not fit the task.
    """
    from prunekit.export.export import export as export_measured
    from prunekit.export.measured import Measured

    check_folder(directory, formats)
    subject = resolve(opened, recipe)
    recipe = subject.recipe
    # A file is proven to answer as the network itself, in its own forward pass and to the last close call.
    *_, evaluation = evaluate(opened, recipe, quick=False)
    if opened.task.data.test is not None:
        *_, test = evaluate(opened, recipe, "test", quick=False)
        yield test
    measured = Measured(subject.opened.task, opened.structure, recipe, subject.pruned, evaluation.reading)
    yield from export_measured(measured, directory, formats)


def check_folder(directory: Path, formats: Collection[str] = ()) -> None:
    """Refuse a folder or formats that ``export`` would refuse, before anything is trained or measured for them.

    Raises:
        ExportError: the folder holds something else, or cannot be written; a format is unknown, or needs packages that
            are not installed.
    """
    from prunekit.export import export as exporting

    check_formats(formats)
    exporting.check_folder(directory)


def verify(path: Path, opened: Opened | None = None) -> Verdict:
    """Prove an export again in a fresh process.

    Args:
        path: the folder, or one of its network files.
        opened: the task it was exported from; bundled ones need not be opened.
    """
    from prunekit.export import verify as verifying
    from prunekit.export.measured import blank_network

    use_threads()
    if opened is None:
        return verifying.verify(path)
    return verifying.verify(path, [opened.task.data.validation], blank_network(opened.task))
