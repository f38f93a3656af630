"""What a metric is: one record, read by tasks, readings, scans, exports and the screen.

Nothing here imports torch, nor does any metric before it is asked: ``--help`` names them all at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from prunekit.objectives.intervals import delta, wilson
from prunekit.registering import Origin

if TYPE_CHECKING:
    from torch import Tensor, nn

Targets = Literal["class", "pixel"]
"""What a sample's target is: one class, or a class for every pixel."""

IN_WORDS: dict[Targets, str] = {"class": "one class for each sample", "pixel": "a class for every pixel"}


class Samples(Protocol):
    """What a metric may read of samples: ``inputs (n, …)`` and ``targets (n, *places)``."""

    @property
    def inputs(self) -> "Tensor":
        """As the network takes them."""

    @property
    def targets(self) -> "Tensor":
        """Class indices."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure made of one or more numbers that each sample has, averaged over the samples.

    Attributes:
        name: what a task and a reading call it.
        higher_is_better: which way is good.
        counts: whether each sample is right or wrong, so that the value is a proportion with an
            exact count and a Wilson interval. Else the interval is the delta method's, over samples.
        statistics: ``(outputs (n, classes, *places), targets (n, *places)) → (n, k)``, the numbers of each sample.
        value: ``(k,)`` averages of the numbers → the figure.
        slope: ``(k,)`` averages → ``(k,)``, how much the figure moves with each of them.
        by_class: ``((n, k), targets, classes)`` → the figure of each class; not a number where there is nothing of it.
        targets: what a sample's target has to be; ``None`` where only the metric knows.
        of_dense: whether the targets are the dense network's answers, not labels.
        largest_only: whether it asks only which output of a sample is the largest; half precision can be checked then.
        chance: number of classes → what guessing reaches; ``None`` where that is not known.
        whole: ``(network, samples) → value`` of a metric that is only known for a network and all samples.
        origin: where a person's own function comes from; ``None`` for a built-in one.
    """

    name: str
    higher_is_better: bool
    counts: bool
    statistics: "Callable[[Tensor, Tensor], Tensor]"
    value: "Callable[[Tensor], float]"
    slope: "Callable[[Tensor], Tensor]"
    by_class: "Callable[[Tensor, Tensor, int], Tensor]"
    targets: Targets | None = None
    of_dense: bool = False
    largest_only: bool = False
    chance: Callable[[int], float] | None = None
    whole: "Callable[[nn.Module, Samples], float] | None" = None
    origin: Origin | None = None

    def interval(self, statistics: "Tensor") -> tuple[float, float]:
        """Return the 95 % interval of the figure from the numbers ``(n, k)`` of its samples."""
        n = len(statistics)
        if self.counts:
            return wilson(int(statistics.sum()), n)
        mean = statistics.mean(0)
        return delta(self.value(mean), (statistics @ self.slope(mean)).tolist())
