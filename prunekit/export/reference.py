"""Reference outputs: what the measured network said, for every exported file to be compared with.

Of every sample there is the answer, the class of the largest output; of the first, the outputs themselves. Those of
all samples would be a hundred times the network where each pixel has a class.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from prunekit.errors import CheckpointError, listed
from prunekit.export.stored import digest
from prunekit.objectives import of_outputs
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
NUMBERS = 2**18
"""Outputs that are stored as they are, a megabyte: those of as many samples as fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What the measured network said.

    Attributes:
        logits: ``(m, classes, *places)`` of the first samples.
        answers: ``(n, *places)`` classes of all samples.
    """

    logits: Tensor
    answers: Tensor

    @classmethod
    def of(cls, logits: Tensor) -> "Reference":
        """Take what is stored of the logits ``(n, classes, *places)`` of all samples."""
        return cls(logits[: max(1, NUMBERS // logits[0].numel())], logits.argmax(1))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a network's outputs agree with the reference.

    Attributes:
        difference: largest absolute difference; root mean square where inputs of layers are rounded.
        allowed: the largest difference that counts as equal.
        compared: samples whose outputs were compared.
        correct: how many samples the network gets right; ``None`` for a metric that does not count.
        swapped: samples with close calls that fell the other way, by number.
        changed: samples with another answer than the reference's, close calls left out.
        value: the metric; ``None`` where it is a person's own.
        rounds: whether the network rounds inputs of layers.
    """

    difference: float
    allowed: float
    compared: int
    correct: int | None
    swapped: tuple[int, ...]
    changed: int
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
    """Store what the measured network said, given its logits ``(n, classes, *places)``; no sample is stored."""
    reference, small = Reference.of(logits), torch.uint8 if logits.shape[1] <= 256 else torch.int32
    path.write_bytes(save({"logits": reference.logits.clone().contiguous(), "answers": reference.answers.to(small)}))


def read_reference(path: Path) -> Reference:
    """Read what the measured network said; files of before there were answers hold the logits of all samples.

    Raises:
        CheckpointError: the file is missing or truncated.
    """
    try:
        stored = load_file(path)
        logits = stored["logits"]
    except (OSError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); export it again.") from None
    return Reference(logits, stored.get("answers", logits.argmax(1)).long())


def mean_difference(first: Tensor, second: Tensor) -> float:
    """Return the root mean square of the difference of two outputs."""
    return (first - second).square().mean().sqrt().item()


def agreement(
    reference: Reference, outputs: Tensor, targets: Tensor, metric: str = "accuracy", rounding: float = 0.0
) -> Agreement:
    """Compare logits ``(n, classes, *places)`` with the reference.

    Where the largest output is ahead of that of the reference's answer by less than ``CLOSE_CALL``, the sample is
    listed as fallen the other way instead of counted as a difference of the metric.

    Args:
        reference: the outputs of the measured network.
        outputs: those of another one, ``(n, classes, *places)``.
        targets: ``(n, *places)``.
        metric: name of the metric; one that is not registered here is not computed.
        rounding: root mean square of what rounding the inputs of layers does to the outputs; 0 where none is rounded.
    """
    known, answers = reference.logits, reference.answers.unsqueeze(1)
    shown, gap = outputs[: len(known)], CLOSE_CALL
    difference, allowed = (shown - known).abs().max().item(), TOLERANCE * max(1.0, known.abs().max().item())
    if rounding:
        gap = max(gap, 2 * difference)
        difference, allowed = mean_difference(shown, known), max(allowed, FLIPS * rounding)
    largest, chosen = outputs.max(1, keepdim=True)
    behind = outputs.gather(1, answers)
    swapped = (chosen != answers) & (largest - behind < gap)
    other_way = outputs.scatter(1, chosen, behind).scatter(1, answers, largest)
    settled = torch.where(swapped, other_way, outputs)
    rule = of_outputs(metric)
    statistics = None if rule is None else rule.statistics(settled, targets)
    return Agreement(
        difference=difference,
        allowed=allowed,
        compared=len(known),
        correct=int(statistics.sum()) if rule is not None and statistics is not None and rule.counts else None,
        swapped=tuple(swapped.reshape(len(targets), -1).any(1).nonzero().flatten().tolist()),
        changed=int(((settled.argmax(1) != reference.answers).reshape(len(targets), -1).any(1)).sum()),
        value=rule.value(statistics.mean(0)) if rule is not None and statistics is not None else None,
        rounds=rounding > 0,
    )


def agreement_checks(
    outcome: Agreement, correct: int | None, n: int, metric: str = "accuracy", value: float = 0.0
) -> tuple[Check, Check]:
    """Say whether the outputs are equal and the metric is the displayed one.

    Args:
        outcome: how the outputs agree.
        correct: samples the displayed reading has right; ``None`` where its metric does not count.
        n: samples of the displayed reading.
        metric: name of its metric.
        value: the displayed metric.
    """
    same = outcome.difference <= outcome.allowed and (outcome.rounds or not outcome.changed)  # false for NaN
    which = f"{n:,}" if outcome.compared >= n else f"the first {outcome.compared:,} of {n:,}"
    answers = "" if outcome.compared >= n else f", and {outcome.changed:,} of {n:,} have another answer"
    words = "none of them" if not outcome.swapped else f"samples {listed([str(one) for one in outcome.swapped], 12)}"
    if correct is not None:
        equal = outcome.correct == correct
        sentence = f"{outcome.correct:,} of {n:,} validation samples right, displayed {correct:,}; "
    elif outcome.value is not None:
        equal = abs(outcome.value - value) <= TOLERANCE
        sentence = f"{metric} {outcome.value:.4%} of {n:,} validation samples, displayed {value:.4%}; "
    else:
        equal = same
        sentence = f"{metric} is not known here, but it is asked of equal outputs; "
    return (
        Check(
            "outputs",
            same,
            f"outputs on {which} validation samples differ by {outcome.difference:.1e} root mean square (allowed "
            f"{outcome.allowed:.1e}: half of what rounding the inputs of layers does){answers}."
            if outcome.rounds
            else f"outputs on {which} validation samples differ by at most {outcome.difference:.1e} "
            f"(allowed {outcome.allowed:.1e}){answers}.",
        ),
        Check(
            "metric",
            equal,
            f"{sentence}close calls that fell the other way: {words}.",
        ),
    )
