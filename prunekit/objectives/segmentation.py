"""Mean intersection over union, of a class for every pixel."""

from typing import TYPE_CHECKING

from prunekit.objectives.metric import Metric

if TYPE_CHECKING:
    from torch import Tensor


def overlaps(outputs: "Tensor", targets: "Tensor") -> "Tensor":
    """Count, for each sample and class, places that are of the class in both, and in either.

    Args:
        outputs: ``(n, classes, *places)``.
        targets: ``(n, *places)``.

    Returns:
        ``(n, 2 · classes)``: the intersections, then the unions.
    """
    import torch

    n, classes = outputs.shape[:2]
    predicted, labelled = outputs.argmax(1).reshape(n, -1), targets.reshape(n, -1)
    row = classes * torch.arange(n).unsqueeze(1)

    def counted(places: "Tensor") -> "Tensor":
        return torch.bincount(places.flatten(), minlength=n * classes).view(n, classes)

    both = counted((row + labelled)[predicted == labelled])
    return torch.cat([both, counted(row + predicted) + counted(row + labelled) - both], 1).double()


def _ratios(counts: "Tensor") -> "Tensor":
    both, either = counts.chunk(2)
    return both / either  # not a number where no place is of a class or was predicted to be


def _slope(mean: "Tensor") -> "Tensor":
    import torch

    _, either = mean.chunk(2)
    ratio, there = _ratios(mean), either > 0
    weight = torch.where(there, 1 / either, 0) / there.sum()
    return torch.cat([weight, -weight * ratio.nan_to_num()])


MEAN_IOU = Metric(
    name="mean IoU",
    higher_is_better=True,
    counts=False,
    statistics=overlaps,
    value=lambda mean: float(_ratios(mean).nanmean()),
    slope=_slope,
    by_class=lambda counts, targets, classes: _ratios(counts.mean(0)),
    targets="pixel",
)
"""The average over classes of the intersection over the union of all samples' places.

Source: Everingham et al., The Pascal Visual Object Classes Challenge: A Retrospective, 2015.
"""
