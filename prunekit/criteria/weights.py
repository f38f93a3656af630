"""Scores of single weights, for unstructured sparsity."""

import zlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prunekit.criteria import CRITERIA, criterion_named
from prunekit.criteria.score import NotScorableError, ScoreInput
from prunekit.errors import RecipeError
from prunekit.graph.trace import named_tensors


def own_seed(seed: int, name: str) -> int:
    """Derive the seed of one group or layer, so that its draw does not depend on the others."""
    return zlib.crc32(f"{seed}:{name}".encode())


def weight_scores(
    weight: Tensor, criterion: str, *, gradient: Tensor | None = None, norms: Tensor | None = None, seed: int = 0
) -> Tensor:
    """Score every single weight of a tensor.

    Args:
        weight: the tensor, any shape.
        criterion: name in ``CRITERIA``; ``l1`` and ``l2`` are both |w|, ``taylor`` is (g·w)².
        gradient: loss gradients ``(batches, …)`` of it, for ``taylor``.
        norms: norms of its inputs in its shape, for ``wanda``.
        seed: seed for ``random``.

    Returns:
        Scores in the shape of ``weight``, up to a common factor; the lowest go first.

    Raises:
        RecipeError: an unknown criterion, or one that has no meaning for single weights.
    """
    if not criterion_named(criterion).scores_weights:
        raise _meaningless(criterion)
    inputs = ScoreInput(
        units=weight.numel(),
        weights=(precise(weight).reshape(-1, 1),),
        gradients=None if gradient is None else (precise(gradient).reshape(len(gradient), -1, 1),),
        norms=None if norms is None else (precise(norms).reshape(-1, 1),),
        seed=seed,
    )
    try:
        return score(criterion, inputs).reshape(weight.shape)
    except NotScorableError:
        raise _meaningless(criterion) from None


def _meaningless(criterion: str) -> RecipeError:
    others = [record.name for record in CRITERIA.values() if record.scores_weights and record.name != criterion]
    return RecipeError(f"Criterion {criterion!r} has no meaning for single weights; use {' or '.join(others)}.")


def layer_scores(
    model: nn.Module,
    weights: Mapping[str, str],
    criterion: str,
    *,
    gradients: Mapping[str, Tensor] | None = None,
    norms: Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Score every weight of several layers.

    Args:
        model: the network that holds the weights.
        weights: layer → name of its weight tensor.
        criterion: name in ``CRITERIA``.
        gradients: parameter name → loss gradients, for ``taylor``.
        norms: weight's name → norms of its inputs in its shape, for ``wanda``; one that has none counts as even.
        seed: seed for ``random``; every layer draws on its own.

    Returns:
        Layer → scores in the shape of its weight.
    """
    tensors = dict(named_tensors(model))
    return {
        layer: weight_scores(
            tensors[name].detach(),
            criterion,
            gradient=None if gradients is None else gradients[name],
            norms=None if norms is None else norms.get(name, torch.ones_like(tensors[name])),
            seed=own_seed(seed, layer),
        )
        for layer, name in weights.items()
    }


def score(criterion: str, inputs: ScoreInput) -> Tensor:
    """Apply the criterion of this name.

    Raises:
        RecipeError: nobody knows the name, or the criterion cannot score what is given.
    """
    return criterion_named(criterion).score(inputs)


def precise(tensor: Tensor) -> Tensor:
    """Detach a tensor, in at least single precision."""
    return tensor.detach().to(torch.promote_types(tensor.dtype, torch.float32))
