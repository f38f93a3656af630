"""Scores of units: one number for each channel or head of every prunable group."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunekit.criteria import FALLBACK
from prunekit.criteria.score import NotScorableError, ScoreInput
from prunekit.criteria.weights import own_seed, precise, score
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.records import Group, Member


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a criterion thinks of every unit.

    Attributes:
        criterion: the criterion that was asked for.
        values: group → ``(units,)`` scores; the lowest go first.
        notes: remarks a person should read, such as groups another criterion had to score.
        fallen: the groups that another criterion had to score.
    """

    criterion: str
    values: Mapping[str, NDArray[np.float64]]
    notes: tuple[str, ...] = ()
    fallen: frozenset[str] = frozenset()


def unit_scores(
    model: nn.Module,
    structure: Structure,
    criterion: str,
    *,
    gradients: Mapping[str, Tensor] | None = None,
    norms: Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> Scores:
    """Score the units of every prunable group.

    A unit's score comes from the tensors that produce it: each tensor's scores are divided by their
    mean, so that tensors of different scale weigh the same, then summed. Where the criterion finds
    nothing to read in a group, ``l2`` scores it and a note says so.

    Args:
        model: the dense network that is scored.
        structure: its analysis.
        criterion: name in ``CRITERIA``.
        gradients: parameter name → loss gradients, for ``taylor``.
        norms: weight's name → norms of its inputs in its shape, for ``wanda``; one that has none counts as even.
        seed: seed for ``random``; every group draws on its own.

    Returns:
        Scores of all prunable groups.

    Raises:
        RecipeError: an unknown criterion, or ``taylor`` without gradients.
    """
    values: dict[str, NDArray[np.float64]] = {}
    fallen: dict[str, list[str]] = {}
    for group in structure.prunable:
        inputs = _look(model, structure, group, gradients, norms)
        inputs = replace(inputs, seed=own_seed(seed, group.name))
        try:
            group_scores = score(criterion, inputs)
        except NotScorableError as reason:
            group_scores = score(FALLBACK, inputs)
            fallen.setdefault(str(reason), []).append(group.name)
        values[group.name] = group_scores.double().numpy()
    notes = tuple(f"{reason} Scored by {FALLBACK} instead: {', '.join(names)}." for reason, names in fallen.items())
    return Scores(criterion, values, notes, frozenset(name for names in fallen.values() for name in names))


def _look(
    model: nn.Module,
    structure: Structure,
    group: Group,
    gradients: Mapping[str, Tensor] | None,
    norms: Mapping[str, Tensor] | None,
) -> ScoreInput:
    tensors = dict(named_tensors(model))

    def rows(member: Member, tensor: Tensor) -> Tensor:
        return by_unit(tensor, member.dim, structure.units(group.name, member), group.units)

    def batches(member: Member, source: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([rows(member, gradient) for gradient in source[member.tensor]])

    def loudness(member: Member) -> Tensor:
        own = tensors[member.tensor].detach()
        return rows(member, (norms or {}).get(member.tensor, torch.ones_like(own)))

    producers = structure.producers(group.name)
    scales = [member for member in group.members if _is_batchnorm_scale(model, member.tensor)]
    return ScoreInput(
        units=group.units,
        weights=tuple(rows(member, tensors[member.tensor]) for member in producers),
        gradients=None if gradients is None else tuple(batches(member, gradients) for member in producers),
        scales=tuple(rows(member, tensors[member.tensor]) for member in scales),
        norms=None if norms is None else tuple(map(loudness, producers)),
    )


def by_unit(tensor: Tensor, dim: int, units: NDArray[np.int64], count: int) -> Tensor:
    """Lay a tensor out as one row for each unit.

    Args:
        tensor: a weight, any shape.
        dim: the dimension whose positions belong to units.
        units: for each position of ``dim`` its unit, or -1 for none of this group.
        count: units in all; each has equally many positions.

    Returns:
        ``(count, entries)`` in at least single precision.

    Example:
        >>> by_unit(torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]]), 1, np.array([1, -1, 0, 1, 0]), 2)
        tensor([[3., 5.],
                [1., 4.]])
    """
    order = np.argsort(units, kind="stable")
    positions = torch.from_numpy(order[np.count_nonzero(units < 0) :])
    return precise(tensor).movedim(dim, 0)[positions].reshape(count, -1)


def _is_batchnorm_scale(model: nn.Module, tensor: str) -> bool:
    path, _, leaf = tensor.rpartition(".")
    return leaf == "weight" and isinstance(model.get_submodule(path), _BatchNorm)
