"""What a network is made of: its structure in plain JSON values, and the proof of its groups."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from prunekit.graph.reach import reach
from prunekit.records import Proof
from prunekit.subject.blocks import blocks_of
from prunekit.subject.opening import Opened

PROVEN_ON = 4
"""Validation samples that a proof looks at: any difference shows on any sample."""


def inspect(opened: Opened) -> dict[str, Any]:
    """Return the structure of a task's dense network as plain JSON values."""
    structure, cost = opened.structure, opened.structure.cost({})
    return {
        "task": opened.task.name,
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "bytes": cost.bytes,
        "checkpoint": None if opened.task.fit is None else opened.task.fit.to_json(),
        "layers": [{**asdict(layer), "shape": list(layer.shape)} for layer in structure.layers],
        "groups": [asdict(group) for group in structure.groups],
        "blocks": [asdict(block) for block in blocks_of(opened)],
        "reach": reach(structure),
        "unknown_ops": list(structure.unknown_ops),
        "notes": list(structure.notes),
    }


def prove(opened: Opened, seed: int = 0) -> Iterator[Proof]:
    """Remove random units of each group, in double precision, and compare with the exact reference.

    Args:
        opened: the task; a few of its validation samples are answered.
        seed: of the units.

    Yields:
        A proof for each group, the protected ones with their reason.
    """
    from prunekit.graph.proof import prove as proving  # imported by whoever asks: opening a task does without it

    yield from proving(opened.task.model, opened.task.data.validation.inputs[:PROVEN_ON], seed)
