"""Metrics of one class for each sample: whether it is among the largest outputs."""

from typing import TYPE_CHECKING

from prunekit.objectives.metric import Metric

if TYPE_CHECKING:
    from torch import Tensor


def top(k: int, name: str, *, of_dense: bool = False) -> Metric:
    """Count the samples whose class is among the ``k`` largest outputs.

    Args:
        k: how many outputs may be larger or equal, the class's own among them.
        name: what the metric is called.
        of_dense: whether the classes are the dense network's answers.
    """

    def hits(outputs: "Tensor", targets: "Tensor") -> "Tensor":
        if k == 1:
            return (outputs.argmax(1) == targets).double().unsqueeze(1)
        best = outputs.topk(min(k, outputs.shape[1]), dim=1).indices
        return (best == targets.unsqueeze(1)).any(1).double().unsqueeze(1)

    def by_class(correct: "Tensor", targets: "Tensor", classes: int) -> "Tensor":
        sums = correct.new_zeros(classes).index_add_(0, targets, correct[:, 0])
        return sums / targets.bincount(minlength=classes)

    return Metric(
        name=name,
        higher_is_better=True,
        counts=True,
        statistics=hits,
        value=lambda mean: float(mean[0]),
        slope=lambda mean: mean.new_ones(mean.shape),
        by_class=by_class,
        targets="class",
        of_dense=of_dense,
        largest_only=k == 1,
        chance=lambda classes: min(1.0, k / max(1, classes)),
    )


ACCURACY = top(1, "accuracy")
TOP_5 = top(5, "top-5")
AGREEMENT = top(1, "agreement", of_dense=True)
