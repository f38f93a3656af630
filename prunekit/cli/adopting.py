"""A network that was trained elsewhere, taken back as a run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.cli.options import add_formats, add_recipe, add_verb, opened_of, recipe_of
from prunekit.cli.output import progress
from prunekit.cli.recovering import check_out, tell
from prunekit.export.formats import check_formats

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``adopt``."""
    command = add_verb(verbs, "adopt", _adopt, "Take back what a recipe left after it was trained elsewhere.")
    add_recipe(command).add_argument("weights", type=Path, help="safetensors, or what torch.save wrote; only data")
    command.add_argument("--note", default="", metavar="TEXT", help="what the run is called (default: adopted)")
    command.add_argument("--out", type=Path, help="folder to export the adopted network to")
    add_formats(command)


def _adopt(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Run

    check_out(options)
    opened = opened_of(options)
    check_formats(options.format)
    for record in verbs.adopt(opened, options.weights, recipe_of(options, opened), options.note):
        if isinstance(record, Run):
            tell(options, opened, record, "", export=bool(options.out))
        else:
            progress(record.reading.n, len(opened.task.data.validation), "samples measured")
