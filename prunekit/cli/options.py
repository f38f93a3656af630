"""The options that verbs share, and how a recipe is read from them."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.errors import RecipeError
from prunekit.export.formats import offered
from prunekit.objectives import METRICS

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
    command.add_argument(
        "--workspace", type=Path, help="folder of the history (default: PRUNEKIT_WORKSPACE, else .prunekit here)"
    )
    return command


def add_task(command: argparse.ArgumentParser, nargs: str | None = None) -> argparse.ArgumentParser:
    """Let a verb ask for a task, and for what may stand in its project file."""
    command.add_argument(
        "task", nargs=nargs, help="a bundled task, the path of a prunekit.toml or a .pt2, or with --factory any name"
    )
    own = command.add_argument_group("your own network", "as in a prunekit.toml, over which these go")
    own.add_argument("--factory", metavar="FILE.PY:FUNCTION", help="makes the untrained network")
    own.add_argument(
        "--argument", action="append", default=[], type=_argument, metavar="KEY=VALUE", help="of the factory; repeat"
    )
    own.add_argument("--checkpoint", metavar="FILE", help="safetensors, or what torch.save wrote")
    own.add_argument("--partial", action="store_true", help="take only what fits of the checkpoint")
    own.add_argument("--input", type=_numbers(int), metavar="3,32,32", help="shape of one sample")
    own.add_argument("--data", metavar="SOURCE", help="an .npz file, a folder, sklearn:digits or FILE.PY:FUNCTION")
    own.add_argument("--samples", type=count, metavar="N", help="read at most this many samples of each split")
    own.add_argument("--classes", type=lambda text: text.split(","), metavar="A,B", help="class names")
    own.add_argument("--mean", type=_numbers(float), metavar="M,M,M", help="taken off each channel")
    own.add_argument("--std", type=_numbers(float), metavar="S,S,S", help="each channel is divided by it")
    own.add_argument("--preprocess", metavar="FILE.PY:FUNCTION", help="prepares inputs instead")
    own.add_argument("--metric", metavar="NAME", help=f"{', '.join(METRICS)} or FILE.PY:FUNCTION")
    own.add_argument("--lower-is-better", action="store_true", help="of a metric of your own")
    return add_use(command)


def add_use(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a verb run files of a person's own code first."""
    command.add_argument(
        "--use",
        action="append",
        default=[],
        metavar="FILE.PY",
        help="run this file, which registers criteria, metrics or export formats of your own; repeat for several",
    )
    return command


def flags_of(options: argparse.Namespace) -> dict[str, Any]:
    """Collect the settings that were given as flags, by their keys in a project file."""
    from prunekit.tasks.settings import from_here

    keys = ("factory", "checkpoint", "input", "data", "classes", "mean", "std", "preprocess", "metric")
    flags = {key: value for key in keys if (value := getattr(options, key)) is not None}
    if options.samples is not None:
        flags["limit"] = options.samples
    if options.argument:
        flags["arguments"] = dict(options.argument)
    if options.partial:
        flags["strict"] = False
    if options.lower_is_better:
        flags["higher_is_better"] = False
    return from_here(flags, Path.cwd())


def opened_of(options: argparse.Namespace) -> "Opened":
    """Open the task that was asked for."""
    from prunekit import verbs

    return verbs.open_task(options.task, options.workspace, flags=flags_of(options), use=options.use)


def count(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 is expected, not {text!r}")
    return int(text)


def _argument(text: str) -> tuple[str, Any]:
    """Read an argument of a factory; its value as JSON where it is that, else as a text."""
    key, equals, value = text.partition("=")
    if not key.isidentifier() or not equals:
        raise argparse.ArgumentTypeError(f"an argument is name=value, such as num_classes=10, not {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _numbers(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        try:
            return [kind(part) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"numbers with commas between are expected, not {text!r}") from None

    return read


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


def add_formats(command: argparse.ArgumentParser) -> None:
    """Let a verb that exports write further formats."""
    formats = ", ".join(f"{name} ({format.title})" for name, format in offered().items())
    command.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FORMAT",
        help=f"write this besides checkpoint and program: {formats}; repeat for several",
    )


def refuse_unused(options: argparse.Namespace, names: Iterable[str]) -> None:
    """Refuse options that have no meaning for the chosen ``--kind``; an option that is not set is ``None``.

    Raises:
        RecipeError: one of them was given.
    """
    unused = [f"--{name}" for name in names if getattr(options, name) is not None]
    if unused:
        raise RecipeError(f"--kind {options.kind} does not go with {', '.join(unused)}; leave that out.")


def recipe_of(options: argparse.Namespace, opened: "Opened", bits_follow: bool = False) -> "Recipe":
    """Read the recipe that was given, the empty one where none was, with what the options add to it.

    Args:
        options: what was given.
        opened: the task.
        bits_follow: whether the verb will find bits of weights.

    Raises:
        RecipeError: the file cannot be read, or holds no recipe; an option that is none.
    """
    from dataclasses import replace

    from prunekit.quantize.preset import some_inner_layers

    recipe = read_recipe(options)
    bits = dict(recipe.bits)
    for text in options.bits:
        layer, equals, number = text.rpartition("=")
        if not number.isdecimal():
            raise RecipeError(f"--bits takes a number, or LAYER=NUMBER, not {text!r}.")
        bits |= dict.fromkeys([layer] if equals else some_inner_layers(opened.structure), int(number))
    if options.activation_bits and not (bits or bits_follow):
        raise RecipeError("--activation-bits is of what quantised layers read, and none is quantised; add --bits.")
    return replace(
        recipe,
        bits=bits,
        activation_bits=options.activation_bits or recipe.activation_bits,
        blocks=(*recipe.blocks, *options.without),
    )


def read_recipe(options: argparse.Namespace) -> "Recipe":
    """Read the recipe that was given, the empty one where none was.

    Raises:
        RecipeError: the file cannot be read, or holds no recipe.
    """
    from prunekit.recipe import Recipe

    if options.recipe is None:
        return Recipe()
    try:
        text = sys.stdin.read() if str(options.recipe) == "-" else options.recipe.read_bytes()
    except OSError as error:
        raise RecipeError(f"The recipe {options.recipe} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"The recipe is no text: {error}.") from None
    return Recipe.from_text(text)
