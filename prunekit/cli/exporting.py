"""The smaller network as files, and the proof that they are what was measured."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_formats, add_recipe, add_use, add_verb, opened_of, recipe_of
from prunekit.cli.output import evaluation_text, files_answer, reading_text, show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.recipe import Recipe
    from prunekit.verbs import Opened


def add(verbs: "Verbs") -> None:
    """Add ``prune`` and ``verify``."""
    command = add_recipe(add_verb(verbs, "prune", _prune, "Export the smaller network, proven equal."))
    command.add_argument("--out", type=Path, required=True, help="folder to write")
    add_formats(command)
    command = add_use(add_verb(verbs, "verify", _verify, "Prove an export again in a fresh process."))
    command.add_argument("path", type=Path, help="the export's folder, or one of its files")
    command.add_argument("--task", help="the project it was exported from, where it is not a bundled task")


def _prune(options: argparse.Namespace) -> None:
    from prunekit import verbs

    opened = opened_of(options)
    verbs.check_folder(options.out, options.format)
    recipe = recipe_of(options, opened)
    answer = verbs.last(verbs.evaluate(opened, recipe)).to_json()
    text = evaluation_text(answer)
    write_files(options, opened, recipe, answer, text)
    show(options, answer, text)


def write_files(
    options: argparse.Namespace, opened: "Opened", recipe: "Recipe", answer: dict[str, Any], text: list[str]
) -> None:
    """Export to the folder that was asked for; the answer and its lines get the test reading and the files."""
    from prunekit import verbs
    from prunekit.records import Check, Evaluation

    for step in verbs.export(opened, recipe, options.out, options.format):
        if isinstance(step, Check):
            print(f"{'proved' if step.ok else 'not possible'}: {step.name}: {step.detail}", file=sys.stderr)
        elif isinstance(step, Evaluation):
            answer["test"] = step.to_json()
            text.append(reading_text(answer["test"]))
        elif isinstance(step, tuple):
            answer["files"], lines = files_answer(step)
            text += lines


def _verify(options: argparse.Namespace) -> int:
    from prunekit import verbs
    from prunekit.tasks import own_code

    own_code.use([*own_code.used_everywhere(), *options.use])  # a format of one's own is known by its file alone
    opened = verbs.open_task(options.task, options.workspace) if options.task else None
    verdict = verbs.verify(options.path, opened)
    show(options, verdict.to_json(), (f"{'ok ' if c.ok else 'NOT'} {c.name}: {c.detail}" for c in verdict.checks))
    return 0 if verdict.ok else 1
