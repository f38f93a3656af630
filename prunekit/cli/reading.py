"""What a recipe's network gets right."""

import argparse
from typing import TYPE_CHECKING

from prunekit.cli.options import add_recipe, add_verb, count, opened_of, recipe_of
from prunekit.cli.output import evaluation_text, show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``evaluate``."""
    command = add_recipe(add_verb(verbs, "evaluate", _evaluate, "Measure the network a recipe asks for."))
    command.add_argument("--split", default="validation", help="validation (default) or test")
    command.add_argument("--limit", type=count, help="measure on the first this many samples")


def _evaluate(options: argparse.Namespace) -> None:
    from prunekit import verbs

    opened = opened_of(options)
    answer = verbs.last(verbs.evaluate(opened, recipe_of(options, opened), options.split, options.limit)).to_json()
    show(options, answer, evaluation_text(answer))
