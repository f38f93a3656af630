"""The weights that each slider would take, in the order in which it takes them."""

from collections.abc import Collection, Iterator

import numpy as np
import torch

from prunekit.cut.masks import ranks
from prunekit.graph import slice_state
from prunekit.look import leaving as binning
from prunekit.recipe import Recipe
from prunekit.records import Leaving, Mode
from prunekit.subject.opening import Opened
from prunekit.subject.scores import scores_by_name
from prunekit.subject.subject import Subject, resolve


def leaving(
    opened: Opened,
    recipe: Recipe,
    mode: Mode = Mode.CHANNELS,
    names: Collection[str] | None = None,
    *,
    bins: int = binning.BINS,
    steps: int = binning.STEPS,
) -> Iterator[Leaving]:
    """Bin the weights behind each slider by their value and by when a cut takes them.

    Args:
        opened: the task.
        recipe: its criterion, its base, and what a hand keeps and drops decide the order; how much it cuts does not.
        mode: what sliders remove: channels of a group, or single weights of a layer.
        names: groups or layers; all that can be cut for ``None``.
        bins: equally wide bins of the weights' values.
        steps: how finely the order is told.

    Yields:
        One record for each group or layer. What is gone already, with a base or with channels, counts as going first.
    """
    subject = resolve(opened, recipe)
    scores = scores_by_name(subject.opened, mode, subject.remaining)
    tensors = subject.base.tensors
    if mode is Mode.WEIGHTS:
        for layer in subject.structure.layers:
            if names is None or layer.name in names:
                weight = tensors[layer.weight].detach().reshape(-1, 1)
                first = _first(subject, layer.weight, torch.from_numpy(scores[layer.name]))
                own = min(steps, len(weight))
                step = binning.steps_of(ranks(first.flatten()).numpy().astype(np.int64), own)
                yield binning.leaving(layer.name, [(weight, torch.from_numpy(step))], own, bins)
        return
    for group in subject.structure.prunable:
        if names is None or group.name in names:
            own = min(steps, group.units)
            step = binning.steps_of(binning.ranks_of(_order(subject, group.name, scores[group.name])), own)
            parts = []
            for member in subject.structure.producers(group.name):
                units = subject.structure.units(group.name, member)
                rows = tensors[member.tensor].detach().movedim(member.dim, 0)[torch.from_numpy(units >= 0)]
                parts.append((rows.flatten(1), torch.from_numpy(step[units[units >= 0]])))
            yield binning.leaving(group.name, parts, own, bins)


def _order(subject: Subject, group: str, scores: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[int]:
    """Return a group's units in the order in which they go, as ``criteria.select`` chooses them."""
    recipe = subject.remaining
    alive = set(subject.base.allowed.get(group, range(len(scores))))
    keep, drop = recipe.keep.get(group, ()), recipe.drop.get(group, ())
    return sorted(range(len(scores)), key=lambda u: (u in alive, u not in drop, u in keep, float(scores[u]), u))


def _first(subject: Subject, weight: str, scores: torch.Tensor) -> torch.Tensor:
    """Return scores under which the weights that went with channels go before all others."""
    places = torch.arange(scores.numel()).reshape(scores.shape)
    left = slice_state({weight: places}, subject.structure, subject.state.kept)[weight]
    if left.numel() == scores.numel():
        return scores
    first = torch.full_like(scores, -torch.inf).flatten()
    first[left.flatten()] = scores.flatten()[left.flatten()]
    return first
