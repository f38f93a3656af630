"""What removing each block alone does: ranked by influence, measured, and stored."""

from collections.abc import Iterator
from dataclasses import replace

from prunekit.look.influence import influence
from prunekit.recipe import Recipe
from prunekit.records import Kind, Point, Removal
from prunekit.store import ScanKey
from prunekit.subject.blocks import blocks_of, find_blocks
from prunekit.subject.opening import Opened
from prunekit.verbs.counting import cost
from prunekit.verbs.reading import evaluate

CODE = "1"
"""Raised when the measuring code changes what a reading says."""


def known_removals(opened: Opened) -> tuple[Removal, ...]:
    """Return every block with its share of the MACs and its influence, and what was measured of it before.

    The least influence comes first.
    """
    blocks, structure = blocks_of(opened), opened.structure
    macs = {layer.name: layer.macs for layer in structure.layers}
    turned = influence(opened.task.model, blocks, opened.task.data.validation)
    measured = {point.name: point.reading for point in opened.workspace.points(_key(opened))}
    whole = max(1, structure.cost({}).macs)
    removals = [
        Removal(
            block=block,
            macs=sum(macs[layer] for layer in block.layers) / whole,
            influence=turned.get(block.name),
            reading=measured.get(block.name),
        )
        for block in blocks
    ]
    dense = next((point.reading.value for point in opened.workspace.points(_key(opened)) if not point.name), None)
    known = [replace(each, drop=_drop(each, dense)) for each in removals]
    return tuple(sorted(known, key=lambda each: 2.0 if each.influence is None else each.influence))


def find_removals(opened: Opened) -> Iterator[tuple[Removal, ...] | None]:
    """Find what ``known_removals`` returns step by step: ``None`` while blocks are looked for, last the removals."""
    yield from (None for blocks in find_blocks(opened) if blocks is None)
    yield known_removals(opened)


def scan_blocks(opened: Opened) -> Iterator[Removal]:
    """Remove each block alone and measure what is left on all validation samples.

    Yields:
        A removal for each block, the least influence first, once it is stored; known ones at once.
    """
    key, removals = _key(opened), known_removals(opened)
    stored = {point.name: point.reading for point in opened.workspace.points(key)}
    if "" not in stored:
        *_, dense = evaluate(opened, Recipe())
        stored[""] = dense.reading
        opened.workspace.add_point(key, Point(Kind.BLOCKS, "", 0.0, dense.reading))
    for removal in removals:
        if removal.reading is None:
            recipe = Recipe(task=opened.task.name, blocks=(removal.block.name,))
            # One look at each network: its own forward pass is quicker than getting a quick way ready.
            *_, evaluation = evaluate(opened, recipe, quick=False)
            opened.workspace.add_point(key, Point(Kind.BLOCKS, removal.block.name, 1.0, evaluation.reading))
            saved = 1 - cost(opened, recipe).macs / opened.structure.cost({}).macs
            removal = replace(removal, reading=evaluation.reading, macs=saved)
        yield replace(removal, drop=_drop(removal, stored[""].value))


def _drop(removal: Removal, dense: float | None) -> float | None:
    return None if removal.reading is None or dense is None else removal.reading.value - dense


def _key(opened: Opened) -> ScanKey:
    return ScanKey(opened.digest, opened.data_digest, "", Kind.BLOCKS, None, CODE, None)
