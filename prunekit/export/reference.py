"""Reference outputs: what the measured network said, for every exported file to be compared with."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from prunekit.errors import CheckpointError, TaskError, listed
from prunekit.export.checkpoint import digest
from prunekit.measure.metrics import metric_named
from prunekit.records import Check
from prunekit.tasks.task import Split

STEM = "reference"
FILE_NAME = f"{STEM}.safetensors"
BATCH = 250
TOLERANCE = 1e-5
"""Largest difference allowed, times the largest reference output where that is above 1."""
CLOSE_CALL = 1e-4
"""Gap between a sample's two largest outputs below which rounding may swap them."""
FLIPS = 0.5
"""Share of what rounding the inputs of layers does to the outputs by which they may differ: the last digit of a sum is
enough for a value between two levels to fall the other way. A network that does not round differs by all of it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a network's outputs agree with the reference.

    Attributes:
        difference: largest absolute difference; root mean square where inputs of layers are rounded.
        allowed: the largest difference that counts as equal.
        correct: how many samples the network gets right; ``None`` for a metric that does not count.
        swapped: samples with close calls that fell the other way, by number.
        value: the metric; ``None`` where it is a person's own.
        rounds: whether the network rounds inputs of layers.
    """

    difference: float
    allowed: float
    correct: int | None
    swapped: tuple[int, ...]
    value: float | None = None
    rounds: bool = False


def split_digest(split: Split) -> str:
    """Digest a split's inputs and targets, so that a proof can tell whether it has the same samples."""
    return digest({"inputs": split.inputs, "targets": split.targets})


def outputs(model: nn.Module, inputs: Tensor) -> Tensor:
    """Run a loaded network on every sample, in batches, as its receiver does.

    Args:
        model: a network in eval mode, ``(batch, …)`` to ``(batch, classes)``.
        inputs: ``(n, …)``.

    Returns:
        ``(n, classes)`` logits.
    """
    with torch.inference_mode():
        return torch.cat([model(inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)])


def write_reference(path: Path, logits: Tensor) -> None:
    """Store the measured network's logits ``(n, classes)``; no sample is stored."""
    path.write_bytes(save({"logits": logits.clone().contiguous()}))


def read_reference(path: Path) -> Tensor:
    """Read the logits ``(n, classes)`` of the measured network.

    Raises:
        CheckpointError: the file is missing or truncated.
    """
    try:
        return load_file(path)["logits"]
    except (OSError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); export it again.") from None


def mean_difference(first: Tensor, second: Tensor) -> float:
    """Return the root mean square of the difference of two outputs."""
    return (first - second).square().mean().sqrt().item()


def agreement(
    reference: Tensor, given: Tensor, targets: Tensor, metric: str = "accuracy", rounding: float = 0.0
) -> Agreement:
    """Compare logits ``(n, classes, *places)`` with the reference.

    Where the reference's two largest outputs are closer than ``CLOSE_CALL``, a sample that falls the other way is
    listed instead of counted as a difference of the metric.

    Args:
        reference: what the measured network said.
        given: what another says.
        targets: ``(n, *places)``.
        metric: name of the metric; one that nobody here knows is not computed.
        rounding: root mean square of what rounding the inputs of layers does to the outputs; 0 where none is rounded.
    """
    difference, allowed = (given - reference).abs().max().item(), TOLERANCE * max(1.0, reference.abs().max().item())
    top, gap = reference.topk(2, dim=1).values, CLOSE_CALL
    if rounding:
        gap = max(gap, 2 * difference)
        difference, allowed = mean_difference(given, reference), max(allowed, FLIPS * rounding)
    close = top[:, 0] - top[:, 1] < gap
    chosen, expected = given.argmax(1), reference.argmax(1)
    swapped = close & (chosen != expected)
    settled = torch.where(swapped.unsqueeze(1), reference, given)
    try:
        rule = metric_named(metric)
    except TaskError:
        rule = None
    found = None if rule is None else rule.statistics(settled, targets)
    return Agreement(
        difference=difference,
        allowed=allowed,
        correct=int(found.sum()) if rule is not None and found is not None and rule.counts else None,
        swapped=tuple(swapped.reshape(len(targets), -1).any(1).nonzero().flatten().tolist()),
        value=rule.value(found.mean(0)) if rule is not None and found is not None else None,
        rounds=rounding > 0,
    )


def agreement_checks(
    found: Agreement, correct: int | None, n: int, metric: str = "accuracy", value: float = 0.0
) -> tuple[Check, Check]:
    """Say whether the outputs are equal and the metric is the displayed one.

    Args:
        found: how the outputs agree.
        correct: samples the displayed reading has right; ``None`` where its metric does not count.
        n: samples of the displayed reading.
        metric: name of its metric.
        value: the displayed metric.
    """
    same = found.difference <= found.allowed  # false for NaN
    words = "none of them" if not found.swapped else f"samples {listed([str(one) for one in found.swapped], 12)}"
    if correct is not None:
        equal = found.correct == correct
        said = f"{found.correct:,} of {n:,} validation samples right, displayed {correct:,}; "
    elif found.value is not None:
        equal = abs(found.value - value) <= TOLERANCE
        said = f"{metric} {found.value:.4%} of {n:,} validation samples, displayed {value:.4%}; "
    else:
        equal = same
        said = f"{metric} is not known here, but it is asked of equal outputs; "
    return (
        Check(
            "outputs",
            same,
            f"outputs on {n:,} validation samples differ by {found.difference:.1e} root mean square (allowed "
            f"{found.allowed:.1e}: half of what rounding the inputs of layers does)."
            if found.rounds
            else f"outputs on {n:,} validation samples differ by at most {found.difference:.1e} "
            f"(allowed {found.allowed:.1e}).",
        ),
        Check(
            "metric",
            equal,
            f"{said}close calls that fell the other way: {words}.",
        ),
    )
