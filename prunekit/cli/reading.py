"""What a recipe's network gets right."""

import argparse
from dataclasses import asdict
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
    command.add_argument(
        "--repaired",
        action="store_true",
        help="also what the cut is worth once the layers behind it are fitted by least squares, without training",
    )


def _evaluate(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Reading

    opened = opened_of(options)
    recipe = recipe_of(options, opened)
    answer = verbs.last(verbs.evaluate(opened, recipe, options.split, options.limit)).to_json()
    text = evaluation_text(answer)
    answer["repaired"] = None
    if options.repaired:
        repaired = verbs.last(verbs.repair(opened, recipe))
        assert isinstance(repaired, Reading)
        answer["repaired"] = asdict(repaired)
        text.append(f"repaired, without training: {repaired!r}")
    show(options, answer, text)
