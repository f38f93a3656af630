"""Exchange: a plan improved by measuring whole networks: one name is cut a little more, another a little less."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import nullcontext
from itertools import cycle, islice

import numpy as np
import torch
from torch import Tensor, nn

from prunekit.measure.evaluate import divergence
from prunekit.program.forward import answer, at_rest
from prunekit.program.statistics import batch_statistics
from prunekit.records import Trial
from prunekit.search.allocate import fill
from prunekit.search.problem import Kept, Problem, Vector

TRIALS = 100
STEP, FINEST = 0.05, 0.01
"""What one exchange moves, as a fraction of the limits: at first, and at last after halving."""
PAIRS = 6
BATCH = 128


def joint_harm(model: nn.Module, inputs: Tensor, dense: Tensor, *, calibrate: bool) -> float:
    """Measure how far a cut network is from the dense one, in one pass.

    Args:
        model: the network; untouched.
        inputs: ``(n, …)``.
        dense: ``(n, classes)`` logits of the dense network.
        calibrate: let BatchNorm use the statistics of each batch, as recalibration would estimate them.

    Returns:
        The mean KL divergence from the dense output, in nats.
    """
    with at_rest(model), batch_statistics(model) if calibrate else nullcontext():
        outputs = [answer(model, inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    return divergence(dense, torch.cat(outputs))


def exchange(
    problem: Problem,
    starts: Sequence[Kept],
    measure: Callable[[Mapping[str, int]], float],
    trials: int = TRIALS,
) -> Generator[Trial, None, Kept]:
    """Improve a plan by measuring whole networks, since harm curves know each cut only alone.

    Each round measures what cutting, and what giving back, a little of each name changes, then
    tries the most promising pairs of one cut and one gift. The first that lowers the harm is taken;
    where none does, the step is halved.

    Args:
        problem: the limits.
        starts: plans that meet them; the best of them is improved.
        measure: harm of the network that keeps so much of each name.
        trials: measure at most this many networks.

    Yields:
        One record for each network measured.

    Returns:
        The best plan that was measured and meets the limits.
    """
    search = _Search(measure, trials)
    kept, harm = starts[0], float("inf")
    for start in starts:
        other = yield from search.harm(start)
        if other < harm:
            kept, harm = start, other
    step, names = STEP, cycle(problem.counts)
    while step >= FINEST and search.trials_left > 1:
        # Of many names, each round looks at as many as leave trials for the exchanges.
        some = tuple(islice(names, min(len(problem.counts), max(2, trials // 4))))
        better = yield from _round(problem, search, kept, harm, step, some)
        if better is None:
            step /= 2
        else:
            kept, harm = better
    filled = fill(problem, kept)  # the exchanges needed room below the limits; now it is used
    return filled if (yield from search.harm(filled)) <= harm else kept


class _Search:
    """The networks measured so far, and how many may still be measured."""

    def __init__(self, measure: Callable[[Mapping[str, int]], float], trials: int) -> None:
        self.trials_left = trials
        self._measure, self._trials = measure, trials
        self._known: dict[tuple[int, ...], float] = {}

    def harm(self, kept: Mapping[str, int]) -> Generator[Trial, None, float]:
        """Measure a network, or remember it; infinite where no trial is left."""
        key = tuple(kept.values())
        if key not in self._known:
            if self.trials_left == 0:
                return float("inf")
            self.trials_left -= 1
            self._known[key] = self._measure(kept)
            yield Trial(self._trials - self.trials_left, self._trials, self._known[key])
        return self._known[key]


def _round(
    problem: Problem, search: _Search, kept: Kept, harm: float, step: float, names: tuple[str, ...]
) -> Generator[Trial, None, tuple[Kept, float] | None]:
    """Look for one exchange that lowers the harm; return the plan it makes."""
    cuts: list[tuple[float, str, int]] = []
    gifts: list[tuple[float, str, int]] = []
    for name in names:
        counts = problem.counts[name]
        loads = problem.loads(kept, name, counts).mean(0)
        now = int(np.searchsorted(counts, kept[name]))
        for rates, option in ((cuts, _below(loads, now, step)), (gifts, _above(loads, now, step))):
            if loads[option] != loads[now]:
                count = int(counts[option])
                other = yield from search.harm({**kept, name: count})
                rates.append(((other - harm) / float(loads[option] - loads[now]), name, count))
    # A rate is harm for each load, negative: the gift with the steepest, the cut with the flattest.
    pairs = [(mends - costs, gift, cut, count) for mends, gift, _ in gifts for costs, cut, count in cuts if gift != cut]
    for gain, gift, cut, count in sorted(pairs)[:PAIRS]:
        tried = _filled({**kept, cut: count}, gift, problem)
        if gain >= 0 or tried[gift] == kept[gift]:
            continue
        other = yield from search.harm(tried)
        if other < harm:
            return tried, other
    return None


def _below(loads: Vector, now: int, step: float) -> int:
    """Return the nearest option that saves a step, or the lowest."""
    return max((option for option in range(now) if loads[now] - loads[option] >= step), default=0)


def _above(loads: Vector, now: int, step: float) -> int:
    """Return the nearest option that spends a step, or the highest."""
    enough = (option for option in range(now, len(loads)) if loads[option] - loads[now] >= step)
    return min(enough, default=len(loads) - 1)


def _filled(kept: Kept, name: str, problem: Problem) -> Kept:
    """Return the plan with as much kept of one name as the limits allow."""
    counts = problem.counts[name]
    fitting = counts[(problem.loads(kept, name, counts) <= 1).all(0)]
    return {**kept, name: int(fitting[-1])} if len(fitting) else kept
