"""Blocks: which parts of a task's network can be removed whole, and the task without some of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from prunekit.errors import RecipeError, close_matches
from prunekit.graph import Structure, structure_of
from prunekit.graph.removable import removable, shorten
from prunekit.recipe import Recipe
from prunekit.records import Block
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered

V = TypeVar("V")

SAMPLES = 2
"""Real samples that the network is run on without each block."""


def blocks_of(opened: Opened) -> tuple[Block, ...]:
    """Return the blocks that the task's network was seen to run without, in execution order."""
    *_, blocks = find_blocks(opened)
    assert blocks is not None
    return blocks


def find_blocks(opened: Opened) -> Iterator[tuple[Block, ...] | None]:
    """Find what ``blocks_of`` returns step by step: ``None`` after each part that was tried, last the blocks."""
    known: tuple[Block, ...] | None = opened.memory.get(find_blocks, ())
    if known is None:
        for known in removable(opened.task.model, opened.task.data.validation.inputs[:SAMPLES]):
            if known is None:
                yield None
            else:
                opened.memory.put(find_blocks, (), known, 1)
    yield known


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


@remembered(8)
def shortened(opened: Opened, names: tuple[str, ...]) -> Opened:
    """Return the task without some blocks; its network is analysed anew.

    Raises:
        StructureError: the network does not run without all of them.
    """
    blocks = [block for block in blocks_of(opened) if block.name in names]
    task, whole = opened.task, opened.task.factory
    model = shorten(task.model, blocks)
    short = replace(task, model=model, factory=lambda: shorten(whole(), blocks))
    return Opened(
        task=short,
        structure=structure_of(model, task.example),
        digest=opened.digest,
        workspace=opened.workspace,
        conditions=opened.conditions,
        whole=opened,
        replaced=tuple(pair for block in blocks for pair in block.replaced),
    )


def asked_of(short: Opened, opened: Opened, recipe: Recipe) -> Recipe:
    """Translate a recipe that removes blocks into a recipe for the network without these blocks.

    Args:
        short: the task without the blocks.
        opened: the whole task.
        recipe: a checked recipe.
    """
    layers = {layer.name for layer in short.structure.layers}
    whole, structure = opened.structure, short.structure
    return replace(
        recipe,
        blocks=(),
        channels=by_group(whole, structure, recipe.channels, max),
        keep=by_group(whole, structure, recipe.keep, _either),
        drop=by_group(whole, structure, recipe.drop, _either),
        round_to=by_group(whole, structure, recipe.round_to, max),
        weights={layer: value for layer, value in recipe.weights.items() if layer in layers},
        bits={layer: value for layer, value in recipe.bits.items() if layer in layers},
    )


def _either(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*some, *others}))


def by_group(whole: Structure, short: Structure, values: Mapping[str, V], join: Callable[[V, V], V]) -> dict[str, V]:
    """Translate values by group of a network into values by group of the network without some blocks.

    Args:
        whole: the analysis of the network.
        short: the analysis of the network without the blocks.
        values: group, or any layer of it → value.
        join: makes one value of two, for groups that became one.
    """
    layers = {layer.name for layer in short.layers}
    joined: dict[str, V] = {}
    for name, value in values.items():
        layer = next((layer for layer in whole.group(name).layers if layer in layers), None)
        if layer is None:
            continue
        group = short.group(layer)
        if group.protected is None:
            joined[group.name] = join(joined[group.name], value) if group.name in joined else value
    return joined
