"""Changes of the desk other than by its bars: undo, redo, reset, presets, patterns."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from prunekit.errors import RecipeError
from prunekit.pattern import Pattern
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.reading import desk_recipe, recipe_of
from prunekit.ui.state.restoring import refuse
from prunekit.ui.state.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

PRESETS = {
    "uniform": "Every layer gives the same share.",
    "global": "The lowest scores go, whatever layer they are in.",
    "sensitivity": "Every layer is cut until it does the same harm, by the stored scan.",
}


def can_undo(opened: "Opened") -> bool:
    """Whether there is a move to undo."""
    return desk_recipe(opened) != Recipe(task=opened.task.name) or opened.workspace.head(opened.key) is not None


def can_redo(opened: "Opened") -> bool:
    """Whether there is an undone move to repeat."""
    return opened.workspace.can_redo(opened.key)


def undo(opened: "Opened") -> None:
    """Undo the last move: the one that is not stored yet, or else the last run."""
    now = session()
    with now.moving:
        stored = recipe_of(opened, opened.workspace.head(opened.key))
        now.recipe = now.held = stored if now.recipe != stored else recipe_of(opened, opened.workspace.undo(opened.key))


def redo(opened: "Opened") -> None:
    """Return to the run that was undone last, if there is one."""
    now = session()
    with now.moving:
        if can_redo(opened):
            now.recipe = now.held = recipe_of(opened, opened.workspace.redo(opened.key))


STAYS = ("task", "criterion", "seed", "recalibrate")
"""The fields of a recipe that say how to cut, rather than how much."""


def reset(opened: "Opened") -> None:
    """Put the task's own network on the desk; the criterion stays."""
    session().recipe = Recipe(**{key: getattr(desk_recipe(opened), key) for key in STAYS})


def command(opened: "Opened", name: str) -> None:
    """Do what a press on the desk asks for, in the words of ``equalizer.sent.COMMANDS``."""
    if name in ("undo", "redo"):
        (undo if name == "undo" else redo)(opened)
        return
    from prunekit import verbs

    fate, unit, group = name.split(" ", 2)
    now = session()
    with now.moving:
        recipe = decided(desk_recipe(opened), group, int(unit), fate)
        try:
            verbs.check(opened, recipe)
        except RecipeError as error:  # such as a group that would lose its last unit
            refuse(opened, str(error))
        else:
            now.recipe = recipe


def decided(recipe: Recipe, group: str, unit: int, fate: str) -> Recipe:
    """Return the recipe with one unit of a group kept or dropped whatever its score, or free again.

    Example:
        >>> dropped = decided(Recipe(), "conv1", 3, "drop")
        >>> dropped.drop["conv1"], decided(dropped, "conv1", 3, "keep").drop.get("conv1", ())
        ((3,), ())
    """
    keep, drop = (tuple(u for u in side.get(group, ()) if u != unit) for side in (recipe.keep, recipe.drop))
    return replace(
        recipe,
        keep={**recipe.keep, group: (*keep, unit) if fate == "keep" else keep},
        drop={**recipe.drop, group: (*drop, unit) if fate == "drop" else drop},
    )


def put(recipe: Recipe) -> None:
    """Put a recipe on the desk."""
    session().recipe = recipe


def put_pattern(opened: "Opened") -> None:
    """Zero 2 of every 4 weights in all layers but the first, the last and those that are pinned."""
    from prunekit.quantize.preset import inner_layers

    recipe = desk_recipe(opened)
    layers = [layer for layer in inner_layers(opened.structure) if layer not in pins(opened)]
    put(replace(recipe, weights={**recipe.weights, **dict.fromkeys(layers, Pattern("2:4"))}))


def pins(opened: "Opened") -> tuple[str, ...]:
    """Return what is pinned of the current mode; a name that was pinned in the other mode may mean nothing here."""
    from prunekit.search.scan import sizes

    known = sizes(opened.structure, session().mode)
    return tuple(name for name in session().hand.pinned if name in known)


def pinned_layers(opened: "Opened") -> tuple[str, ...]:
    """Return the layers that are pinned: in the mode of channels, those of the groups that are."""
    if session().mode is Mode.WEIGHTS:
        return pins(opened)
    return tuple(dict.fromkeys(layer for name in pins(opened) for layer in opened.structure.group(name).layers))


def ask_preset(opened: "Opened", name: str, sparsity: float) -> None:
    """Ask for a preset of the current mode around what is pinned; ``take_preset`` puts it on the desk."""
    mode, recipe, pinned = session().mode, desk_recipe(opened), pins(opened)

    def work() -> "Iterator[Recipe]":
        from prunekit import verbs

        yield verbs.preset(opened, name, sparsity, mode, recipe, pinned)

    ask("preset", (opened.key, name, sparsity, mode, recipe, pinned), work)


def preset_pending() -> bool:
    """Whether a preset is being worked out."""
    question = session().questions.get("preset")
    return question is not None and not question.finished


def preset_found() -> bool:
    """Whether a preset has been worked out and is not on the desk yet."""
    return "preset" in session().questions and not preset_pending()


def take_preset(opened: "Opened") -> None:
    """Put a preset that has been worked out on the desk, or note why it could not be."""
    if not preset_found():
        return
    now = session()
    snapshot = now.questions.pop("preset").ticket.snapshot()
    if snapshot.latest is not None:
        now.recipe = snapshot.latest
    elif snapshot.error:
        refuse(opened, snapshot.error)
