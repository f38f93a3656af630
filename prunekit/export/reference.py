"""Reference outputs: what the measured network said, for every exported file to be compared with."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from prunekit.errors import CheckpointError
from prunekit.export.checkpoint import digest
from prunekit.records import Check
from prunekit.tasks.task import Split

STEM = "reference"
FILE_NAME = f"{STEM}.safetensors"
BATCH = 250
TOLERANCE = 1e-5
"""Largest difference allowed, times the largest reference output where that is above 1."""
CLOSE_CALL = 1e-4
"""Gap between a sample's two largest outputs below which rounding may swap them."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a network's outputs agree with the reference.

    Attributes:
        difference: largest absolute difference.
        allowed: the largest difference that counts as equal.
        correct: how many samples the network gets right.
        swapped: close calls that fell the other way, by sample number.
    """

    difference: float
    allowed: float
    correct: int
    swapped: tuple[int, ...]


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


def agreement(reference: Tensor, given: Tensor, targets: Tensor) -> Agreement:
    """Compare logits ``(n, classes)`` with the reference.

    Where the reference's two largest outputs are closer than ``CLOSE_CALL``, a sample that falls the other way is
    listed instead of counted as a difference of the metric.
    """
    largest = reference.abs().max().item()
    top = reference.topk(2, dim=1).values
    close = top[:, 0] - top[:, 1] < CLOSE_CALL
    chosen, expected = given.argmax(1), reference.argmax(1)
    swapped = close & (chosen != expected)
    return Agreement(
        difference=(given - reference).abs().max().item(),
        allowed=TOLERANCE * max(1.0, largest),
        correct=int((torch.where(swapped, expected, chosen) == targets).sum()),
        swapped=tuple(swapped.nonzero().flatten().tolist()),
    )


def agreement_checks(found: Agreement, correct: int, n: int) -> tuple[Check, Check]:
    """Say whether the outputs are equal and the metric is the displayed one.

    Args:
        found: how the outputs agree.
        correct: samples the displayed reading has right.
        n: samples of the displayed reading.
    """
    same = found.difference <= found.allowed  # false for NaN
    words = "none of them" if not found.swapped else f"samples {', '.join(map(str, found.swapped))}"
    return (
        Check(
            "outputs",
            same,
            f"outputs on {n:,} validation samples differ by at most {found.difference:.1e} "
            f"(allowed {found.allowed:.1e}).",
        ),
        Check(
            "metric",
            found.correct == correct,
            f"{found.correct:,} of {n:,} validation samples right, displayed {correct:,}; "
            f"close calls that fell the other way: {words}.",
        ),
    )
