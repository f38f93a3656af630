"""The options that verbs share, and how a recipe is read from them."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import RecipeError

if TYPE_CHECKING:
    from prunekit.recipe import Recipe
    from prunekit.verbs import Opened

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def add_verb(
    verbs: "Verbs", name: str, run: Callable[[argparse.Namespace], int | None], text: str
) -> argparse.ArgumentParser:
    """Add a verb with the options that all of them have; ``run`` may return an exit code."""
    command = verbs.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--workspace", type=Path, help="folder of the history (default: .prunekit)")
    return command


def add_task(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a verb ask for a task."""
    command.add_argument("task", help="a bundled task, or the path of a prunekit.toml")
    return command


def add_recipe(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a verb ask for a task and take a recipe for it."""
    add_task(command).add_argument("--recipe", type=Path, help="recipe as a JSON file, - for standard input")
    command.add_argument(
        "--bits",
        action="append",
        default=[],
        metavar="[LAYER=]N",
        help="bits of each weight (16, 8, 6, 4, 3, 2 or 1) besides the recipe's: of one layer, or of all but the first"
        " and the last; repeat for several",
    )
    command.add_argument("--activation-bits", type=int, help="bits of what quantised layers read: 8")
    command.add_argument(
        "--without", action="append", default=[], metavar="BLOCK", help="remove a block whole; repeat for several"
    )
    return command


def recipe_of(options: argparse.Namespace, opened: "Opened") -> "Recipe":
    """Read the recipe that was given, the empty one where none was, with what the options add to it.

    Raises:
        RecipeError: the file cannot be read, or holds no recipe; an option that is none.
    """
    from dataclasses import replace

    from prunekit.quantize.preset import inner_layers

    recipe = _read(options)
    bits = dict(recipe.bits)
    for text in options.bits:
        layer, equals, number = text.rpartition("=")
        if not number.isdecimal():
            raise RecipeError(f"--bits takes a number, or LAYER=NUMBER, not {text!r}.")
        bits |= dict.fromkeys([layer] if equals else inner_layers(opened.structure), int(number))
    return replace(
        recipe,
        bits=bits,
        activation_bits=options.activation_bits or recipe.activation_bits,
        blocks=(*recipe.blocks, *options.without),
    )


def _read(options: argparse.Namespace) -> "Recipe":
    from prunekit.recipe import Recipe

    if options.recipe is None:
        return Recipe()
    try:
        text = sys.stdin.read() if str(options.recipe) == "-" else options.recipe.read_bytes()
    except OSError as error:
        raise RecipeError(f"The recipe {options.recipe} cannot be read: {error.strerror}.") from None
    return Recipe.from_text(text)
