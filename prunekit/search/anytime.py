"""Measuring no more samples than a given precision needs.

Every cell is compared with the dense network on the same samples, which cancels what makes single
samples easy or hard; samples that the dense network decides narrowly, where most predictions that
change are found, are drawn more often than others; and a level between two that agree is not
measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from prunekit.records import Reading, Status

STRATA = ((0.1, 0.3), (0.2, 0.3), (0.7, 0.4))
"""Strata of samples, those that are decided most narrowly first: each one's share of all, and of a draw."""
FIRST = 192
"""Samples before a cell is looked at: of fewer, those that seem to vary least stop by chance alone."""
STEP = 32
"""Samples between two checks, while that is more than an eighth of those before."""
LOOKS = 2.236
"""Standard errors to each side of a 95 % interval that was looked at twice: the 98.7 % quantile of the normal
distribution. A cell is compared with its limit after every check, and may stop at a check by chance."""
UNSEEN = 1 / len(STRATA)
"""Changes assumed in each stratum beside those seen, so that one in which nothing changed yet is not certain:
over all strata the one change that Agresti and Min add (see ``objectives.intervals.paired``)."""
NEAR = 2
"""Levels are interpolated between two that lose at most this many times the given precision: where more is lost, a
curve is no longer smooth, and two networks that lose as much lose it on different samples."""
TENTH = 0.1
"""An interval may be this share of the drop wide to each side, where that is more than the given precision."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """The order in which samples are measured.

    Attributes:
        order: positions in the split; every prefix up to a check is a stratified sample.
        checks: sample sizes at which a cell may stop, the last all samples.
        counts: at each check, how many samples of each stratum.
        sizes: samples of each stratum in all.
        stratum: for each place in ``order``, its stratum.
    """

    order: NDArray[np.int64]
    checks: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    stratum: NDArray[np.int64]

    def spans(self) -> list[tuple[int, int]]:
        """Return from where to where in ``order`` each check adds samples."""
        return list(zip((0, *self.checks[:-1]), self.checks, strict=True))


def draw(dense: Tensor, seed: int) -> Draw:
    """Draw the order of samples.

    Args:
        dense: the dense network's outputs ``(n, classes, *places)``, whose margins say which samples are decided
            narrowly.
        seed: seed of the draw.
    """
    n = len(dense)
    top = (dense.double() if dense.ndim == 2 else dense).topk(min(2, dense.shape[1]), dim=1).values
    margins = (top[:, 0] - top[:, -1]).reshape(n, -1).mean(1)  # of a picture, that of its average pixel
    by_margin = np.argsort(margins.numpy(), kind="stable")
    generator = np.random.default_rng(seed)
    edges = np.cumsum([0.0, *(share for share, _ in STRATA)]).round(9) * n
    strata = [generator.permutation(part) for part in np.split(by_margin, edges[1:-1].astype(int))]
    sizes = tuple(map(len, strata))
    checks = _checks(n)
    counts = tuple(_divided(size, sizes) for size in checks)
    order, stratum, done = [], [], (0,) * len(sizes)
    for now in counts:
        added = [(at, which) for which, own in enumerate(strata) for at in own[done[which] : now[which]].tolist()]
        for at, which in sorted(added):  # as they stand in the split, from which they are collected
            order.append(at)
            stratum.append(which)
        done = now
    return Draw(np.array(order, dtype=np.int64), checks, counts, sizes, np.array(stratum, dtype=np.int64))


def _divided(size: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Divide a draw among the strata; what one is short of comes from the most widely decided that has more."""
    counts = [min(own, int(share * size)) for own, (_, share) in zip(sizes, STRATA, strict=True)]
    for which in reversed(range(len(sizes))):
        counts[which] += min(size - sum(counts), sizes[which] - counts[which])
    return tuple(counts)


def _checks(n: int) -> tuple[int, ...]:
    """Return sizes that grow by a step, later by an eighth, the last all."""
    sizes, size = [], FIRST
    while size < n:
        sizes.append(size)
        size += max(STEP, size // 8)
    return (*sizes, n)


def estimate(values: Values, drawn: Draw, check: int) -> tuple[float, float]:
    """Estimate the mean over all samples from a stratified sample.

    Args:
        values: one number for each of the first ``drawn.checks[check]`` samples of ``drawn.order``.
        drawn: the draw.
        check: which check.

    Returns:
        The mean, and half of its 95 % interval; 0 where every sample was measured. The variance is that
        of the sample and of the changes that may not have been seen.
    """
    total, mean, variance = sum(drawn.sizes), 0.0, 0.0
    stratum = drawn.stratum[: len(values)]
    for which, size in enumerate(drawn.sizes):
        own = values[stratum == which]
        if not len(own):
            continue
        share = size / total
        spread = float(own.var()) + UNSEEN / len(own)
        mean += share * float(own.mean())
        variance += share**2 * spread / len(own) * (1 - len(own) / size)
    return mean, LOOKS * math.sqrt(max(variance, 0.0))


def enough(drop: float, half: float, within: float) -> bool:
    """Whether an interval is narrow enough: ``within``, or a tenth of the drop where that is more."""
    return half <= max(within, TENTH * abs(drop))


@dataclass(slots=True)
class Brackets:
    """Which levels of one group or layer still have to be measured.

    Attributes:
        levels: the levels, rising.
        dense: the dense network's metric, which is that of level 0.
        within: values near the dense network's that differ by no more count as one.
    """

    levels: tuple[float, ...]
    dense: float
    within: float

    def wanted(self, known: Mapping[float, Reading]) -> tuple[list[float], list[float]]:
        """Return which levels to measure next, and which to interpolate.

        Args:
            known: the levels measured so far.

        Returns:
            Levels to measure now, and levels that lie between two that agree.
        """
        last = len(self.levels) - 1
        first = [self.levels[last], *([self.levels[last // 2]] if last >= 2 else [])]
        measure = [level for level in first if level not in known]
        between: list[float] = []
        if not measure:
            self._look(-1, last, known, measure, between)
        return measure, between

    def _look(
        self, low: int, high: int, known: Mapping[float, Reading], measure: list[float], between: list[float]
    ) -> None:
        inside = [i for i in range(low + 1, high) if self.levels[i] in known]
        if inside:
            middle = inside[len(inside) // 2]
        elif high - low < 2:
            return
        elif self._agree(self._value(low, known), self._value(high, known)):
            between.extend(self.levels[low + 1 : high])
            return
        else:
            middle = (low + high + 1) // 2
            measure.append(self.levels[middle])
            return
        self._look(low, middle, known, measure, between)
        self._look(middle, high, known, measure, between)

    def _agree(self, one: float, other: float) -> bool:
        near = max(abs(self.dense - one), abs(self.dense - other)) <= NEAR * self.within
        return near and abs(one - other) <= self.within

    def _value(self, at: int, known: Mapping[float, Reading]) -> float:
        return self.dense if at < 0 else known[self.levels[at]].value


def interpolate(level: float, known: Mapping[float, Reading], dense: Reading) -> Reading:
    """Read a level off the straight line between its measured neighbours.

    Args:
        level: the level.
        known: readings of measured levels, one of them higher.
        dense: the dense network's reading, which stands at level 0.
    """
    below = max((other for other in known if other < level), default=0.0)
    above = min(other for other in known if other > level)
    low, high = known.get(below, dense), known[above]
    share = (level - below) / (above - below)

    def line(a: float, b: float) -> float:
        return a + share * (b - a)

    return replace(
        high,
        value=line(low.value, high.value),
        loss=line(low.loss, high.loss),
        kl=None if low.kl is None or high.kl is None else line(low.kl, high.kl),
        n=min(low.n, high.n),
        correct=None,
        interval=None,
        per_class=(),
        status=Status.INTERPOLATED,
    )
