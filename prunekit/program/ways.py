"""The ways to run a channel cut, and which of them give the smaller network's answers."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn

from prunekit.graph.shrink import shrink
from prunekit.graph.structure import Structure
from prunekit.program.agreement import close
from prunekit.program.cuts import Cut, unread, without_channels
from prunekit.program.forward import run
from prunekit.program.plan import Plan
from prunekit.program.slicing import Slicer

WAYS = ("slice", "zero")
"""Slice the channels out of the dense network's values, or zero the weights that read them."""


class Ways:
    """Chooses how a channel cut runs, and compares each way with the really smaller network before it is used.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        state: its tensors by name.
        plan: what runs; ``None`` where no plan does.
        slicer: takes channels out; ``None`` where that is not possible.
        example: samples to compare on.
        answer: runs a cut, in the form that a way takes, on these samples.
    """

    def __init__(
        self,
        model: nn.Module,
        structure: Structure,
        state: Mapping[str, Tensor],
        plan: Plan | None,
        slicer: Slicer | None,
        example: Tensor,
        answer: Callable[[Cut], Tensor],
    ) -> None:
        self._model, self._structure, self._state = model, structure, state
        self._plan, self._slicer = plan, slicer
        self._example, self._answer = example, answer
        self._trusted: dict[str, bool] = {}

    def best(self, kept: Mapping[str, Sequence[int]]) -> tuple[str, Cut] | None:
        """Return the cheapest way that can be trusted, with the cut as it takes it; ``None`` where none can."""
        options = {way: option for way in WAYS if (option := self._option(way, kept)) is not None}
        for way in sorted(options, key=lambda way: self.work(way, options[way])):
            if self.trusts(way, kept):
                return way, options[way]
        return None

    def work(self, way: str, cut: Cut) -> float:
        """Estimate the work of a way for one sample, in multiply-accumulates."""
        if self._slicer is None or self._plan is None:
            return 0.0
        if way == "slice":
            assert cut.survives is not None
            return self._slicer.cost(cut.survives)
        return self._slicer.dense_cost(self._plan.affected(cut.tensors))

    def agrees(self, way: str, kept: Mapping[str, Sequence[int]]) -> bool:
        """Whether a way gives the answers of the network that is really smaller."""
        option = self._option(way, kept)
        if option is None:
            return False
        try:
            output = self._answer(option)
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError):
            return False
        return close(output, run(shrink(self._model, self._structure, kept), self._example))

    def _option(self, way: str, kept: Mapping[str, Sequence[int]]) -> Cut | None:
        """Make a channel cut as one way runs it; ``None`` where that way cannot."""
        if way == "slice":
            return without_channels(self._state, self._structure, kept) if self._slicer else None
        zeroed = unread(self._state, self._structure, kept)
        return zeroed if zeroed is not None and zeroed.tensors else None

    def trusts(self, way: str, kept: Mapping[str, Sequence[int]]) -> bool:
        """Whether a way was seen to be right: checked for all groups at once, else for each alone."""
        groups = [group for group in self._structure.prunable if group.units > 1]
        every = {g.name: range(g.units // 2, g.units) for g in groups if way == "slice" or not g.statistics}
        if way not in self._trusted:
            self._trusted[way] = self.agrees(way, every)
        if self._trusted[way]:
            return True
        key = " ".join((way, *sorted(kept)))
        if key not in self._trusted:
            self._trusted[key] = self.agrees(way, kept)
        return self._trusted[key]
