"""Blocks: which parts of a task's network can be removed whole, and the task without some of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar
from weakref import WeakKeyDictionary

from prunekit.errors import RecipeError, close_matches
from prunekit.graph import Structure, structure_of
from prunekit.graph.removable import removable, shorten
from prunekit.recipe import Recipe
from prunekit.records import Block
from prunekit.subject.opening import Opened

V = TypeVar("V")

SAMPLES = 2
"""Real samples that the network is run on without each block."""


@dataclass(frozen=True, eq=False)
class Shortened(Opened):
    """A task whose network has lost some blocks.

    Attributes:
        whole: the task that it was.
        replaced: module path → what stands in for it.
    """

    whole: Opened | None = None
    replaced: tuple[tuple[str, str], ...] = ()


_FOUND: WeakKeyDictionary[Opened, tuple[Block, ...]] = WeakKeyDictionary()
"""The blocks of each task, for as long as it is open."""


def blocks_of(opened: Opened) -> tuple[Block, ...]:
    """Return the blocks that the task's network was seen to run without, in execution order."""
    *_, found = find_blocks(opened)
    assert found is not None
    return found


def find_blocks(opened: Opened) -> Iterator[tuple[Block, ...] | None]:
    """Find what ``blocks_of`` returns step by step: ``None`` after each part that was tried, last the blocks."""
    if opened not in _FOUND:
        for found in removable(opened.task.model, opened.task.data.validation.inputs[:SAMPLES]):
            if found is None:
                yield None
            else:
                _FOUND[opened] = found
    yield _FOUND[opened]


def check_blocks(opened: Opened, recipe: Recipe) -> tuple[str, ...]:
    """Return the blocks a recipe removes, with those that its base run has lost already.

    Raises:
        RecipeError: there is no such block, or the network would not run without all of them.
    """
    names = set(recipe.blocks)
    if recipe.base is not None:
        names |= set(opened.workspace.run(recipe.base).recipe.blocks)
    known = [block.name for block in blocks_of(opened)] if names else []
    for name in names:
        if name not in known:
            raise RecipeError(f"There is no block {name!r} that can be removed; {close_matches(name, known)}")
    return tuple(sorted(names))


@lru_cache(maxsize=8)
def shortened(opened: Opened, names: tuple[str, ...]) -> Shortened:
    """Return the task without some blocks; its network is analysed anew.

    Raises:
        StructureError: the network does not run without all of them.
    """
    blocks = [block for block in blocks_of(opened) if block.name in names]
    task, whole = opened.task, opened.task.factory
    model = shorten(task.model, blocks)
    short = replace(task, model=model, factory=lambda: shorten(whole(), blocks))
    return Shortened(
        task=short,
        structure=structure_of(model, task.example),
        digest=opened.digest,
        workspace=opened.workspace,
        conditions=opened.conditions,
        whole=opened,
        replaced=tuple(pair for block in blocks for pair in block.replaced),
    )


def apart(opened: Opened, recipe: Recipe) -> tuple[Opened, Recipe]:
    """Return the task without a recipe's blocks, and what the recipe asks of what is left.

    Args:
        opened: the task.
        recipe: a checked recipe.
    """
    if not recipe.blocks:
        return opened, recipe
    short = shortened(opened, recipe.blocks)
    left = {layer.name for layer in short.structure.layers}
    return short, replace(
        recipe,
        blocks=(),
        channels=by_group(opened.structure, short.structure, recipe.channels, max),
        keep=by_group(opened.structure, short.structure, recipe.keep, _either),
        drop=by_group(opened.structure, short.structure, recipe.drop, _either),
        round_to=by_group(opened.structure, short.structure, recipe.round_to, max),
        weights={layer: value for layer, value in recipe.weights.items() if layer in left},
        bits={layer: value for layer, value in recipe.bits.items() if layer in left},
    )


def _either(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*some, *others}))


def by_group(whole: Structure, short: Structure, values: Mapping[str, V], join: Callable[[V, V], V]) -> dict[str, V]:
    """Hand values of a network's groups to the groups of what is left of it.

    Args:
        whole: the analysis of the network.
        short: the analysis without some, or some more, of its blocks.
        values: group, or any layer of it → value.
        join: makes one value of two, for groups that became one.
    """
    left = {layer.name for layer in short.layers}
    found: dict[str, V] = {}
    for name, value in values.items():
        layer = next((layer for layer in whole.group(name).layers if layer in left), None)
        if layer is None:
            continue
        group = short.group(layer)
        if group.protected is None:
            found[group.name] = join(found[group.name], value) if group.name in found else value
    return found


def group_left(opened: Opened, recipe: Recipe, name: str) -> str:
    """Return what a group is called once a checked recipe's blocks are gone.

    Raises:
        RecipeError: it is unknown, or went with its block.
    """
    if not recipe.blocks:
        return name
    short, group = shortened(opened, recipe.blocks).structure, opened.structure.group(name)
    left = {layer.name for layer in short.layers}
    found = next((layer for layer in group.layers if layer in left), None)
    if found is None:
        raise RecipeError(f"{name!r} went with its block; put the block back to look at it.")
    return short.group(found).name
