"""Whether a cut is exact, proven where it is used: by its own numbers of units, on samples of the task."""

from collections.abc import Mapping

from prunekit.errors import RecipeError, StructureError
from prunekit.graph.calls import draws
from prunekit.graph.proof import Comparison, comparison
from prunekit.records import Exactness
from prunekit.subject.base import base_of
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered
from prunekit.subject.subject import Subject

SAMPLES = 4
FEW = 2
"""Samples of a large network."""
LARGE = 50_000_000
"""MACs of a sample from which a network is large."""
PROOFS = 4096
"""Proofs that are remembered of a task; each is one number."""


def exactness(subject: Subject) -> Exactness | None:
    """Prove that a subject's cut answers as its base does when nobody reads what was cut.

    What is proven is the cut alone: the base's weights, before recalibration, rounding, zeroed weights and training.
    It depends on how many units each group keeps, not on which, so the same numbers are proven once.

    Returns:
        The largest difference; ``None`` where nothing was cut, or the network draws random numbers or cannot be
        recorded on samples, so that nothing can be compared.

    Raises:
        RecipeError: the smaller network computes something else.
    """
    kept = {
        name: units for name, units in subject.state.kept.items() if len(units) < subject.structure.group(name).units
    }
    if not kept:
        return None
    compared = _compared(subject.opened, subject.remaining.base)
    if isinstance(compared, str):
        return None
    sizes = tuple(sorted((name, len(units)) for name, units in kept.items()))
    question = subject.remaining.base, sizes
    proof: Exactness | None = subject.opened.memory.get(exactness, question)
    if proof is None:
        samples = compared.trace.batch
        proof = Exactness(_error(compared, kept), compared.bound, samples)
        proof = subject.opened.memory.put(exactness, question, proof, PROOFS)
    if not proof.holds:
        raise RecipeError(_refusal(subject, compared, kept, proof))
    return proof


def unproven(subject: Subject) -> str:
    """Say why a subject's cut cannot be compared with anything; empty where it can, or nothing was cut."""
    compared = _compared(subject.opened, subject.remaining.base) if subject.state.kept else ""
    return f"The cut cannot be proven to be exact: {compared}" if isinstance(compared, str) and compared else ""


@remembered(2)
def _compared(opened: Opened, base: str | None) -> Comparison | str:
    """Return a task's network ready to be compared, or why it cannot be."""
    task, structure = opened.task, opened.structure
    model = base_of(opened, base).model
    samples = task.data.validation.inputs[: FEW if structure.cost({}).macs > LARGE else SAMPLES]
    reason = ""
    for example in (samples, task.example):
        try:
            compared = comparison(model, structure, example)
            drawing = any(map(draws, compared.trace.graph.nodes))
            return "The forward pass draws random numbers." if drawing else compared
        except StructureError as error:
            reason = str(error)
    return reason


def _error(compared: Comparison, kept: Mapping[str, tuple[int, ...]]) -> float:
    try:
        return compared.error(kept)
    except (RuntimeError, ValueError, TypeError, IndexError):  # its own code cannot run at these sizes
        return float("inf")


def _refusal(subject: Subject, compared: Comparison, kept: Mapping[str, tuple[int, ...]], proof: Exactness) -> str:
    alone = [name for name, units in kept.items() if _error(compared, {name: units}) > compared.bound]
    names = alone or list(kept)
    sizes = ", ".join(f"{name!r} ({len(kept[name])} of {subject.structure.group(name).units} units)" for name in names)
    far = "cannot run" if proof.error == float("inf") else f"answers differently, by {proof.error:.1%} of the answer"
    return (
        f"The smaller network {far}, because its own code depends on the number of units of {sizes}; "
        "leave that whole or take another number."
    )
