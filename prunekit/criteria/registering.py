"""Criteria of a person's own: a decorator over a function of what a criterion may look at."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from prunekit.criteria import CRITERIA
from prunekit.criteria.criterion import NEEDS, Criterion, Need, Pieces
from prunekit.criteria.score import ScoreInput
from prunekit.errors import RAISED, PrunekitError, RecipeError, TaskError, said
from prunekit.registering import origin_of, register

if TYPE_CHECKING:
    from torch import Tensor

    from prunekit.criteria.criterion import Score


def criterion(
    *,
    title: str,
    caption: str,
    name: str | None = None,
    needs: Collection[Need] = (),
    of: Pieces = "units and weights",
    comparable: bool = False,
) -> "Callable[[Score], Score]":
    """Register a criterion of one's own; what is decorated scores.

    The function takes a ``ScoreInput`` and returns ``(units,)`` scores, finite and not negative; the lowest go first.
    Its tensors are copies, and what it draws with torch depends on the recipe's seed.

    Example::

        @prunekit.criterion(title="Spread", caption="How much a channel's weights differ; the most alike go first.")
        def spread(inputs):
            return prunekit.criteria.balanced(weight.std(1) for weight in inputs.weights)

    Args:
        title: what it is called on screen.
        caption: one sentence on what it looks at.
        name: what recipes and the command line call it; ``None`` is the function's name.
        needs: what it reads besides weights: ``gradients``, ``norms``, or both; they take train samples.
        of: ``units``, ``weights`` or ``units and weights``: what it can score.
        comparable: whether scores of different groups or layers can be compared as they are.

    Returns:
        A decorator that returns the function as it is.

    Raises:
        TaskError: a need that nobody can meet, or the name of a built-in criterion or of another file's.
    """
    if unknown := sorted({*needs} - {*NEEDS}):
        raise TaskError(f"A criterion needs {' or '.join(NEEDS)}, not {unknown[0]!r}; leave that out.")

    def decorate(function: "Score") -> "Score":
        known_as = name or function.__name__
        record = Criterion(
            name=known_as,
            title=title,
            caption=caption,
            score=_checked(known_as, function),
            needs=frozenset(needs),
            of=of,
            comparable=comparable,
            origin=origin_of(function),
        )
        register("criterion", CRITERIA, record)
        return function

    return decorate


def _checked(name: str, function: "Score") -> "Score":
    def score(inputs: ScoreInput) -> "Tensor":
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(inputs.seed)
            try:
                scores = function(_copied(inputs))
            except PrunekitError:
                raise
            except RAISED as error:
                raise RecipeError(f"The criterion {name} raised {said(error)}.") from error
        if not isinstance(scores, torch.Tensor) or scores.shape != (inputs.units,):
            kind = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise RecipeError(
                f"The criterion {name} must return one score for each unit, a tensor ({inputs.units},); it returned "
                f"{kind}."
            )
        if not bool(scores.isfinite().all()) or float(scores.min()) < 0:
            raise RecipeError(
                f"The criterion {name} must return scores that are finite and not negative; the lowest is "
                f"{float(scores.min()):g}, the highest {float(scores.max()):g}."
            )
        return scores.detach()

    return score


def _copied(inputs: ScoreInput) -> ScoreInput:
    """Copy the tensors: they may be the network's own, which must not change."""

    def copies(tensors: "tuple[Tensor, ...] | None") -> "tuple[Tensor, ...] | None":
        return None if tensors is None else tuple(tensor.clone() for tensor in tensors)

    return replace(
        inputs,
        weights=copies(inputs.weights) or (),
        gradients=copies(inputs.gradients),
        scales=copies(inputs.scales) or (),
        norms=copies(inputs.norms),
    )
