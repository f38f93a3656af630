"""BatchNorm statistics of the network that a cut leaves, estimated from where the cut changes it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from prunekit.graph.labels import Labels
from prunekit.graph.layers import find_layers
from prunekit.program.cuts import Cut
from prunekit.program.fused import fused
from prunekit.program.operations import NoPlanError, Operation, Operations
from prunekit.program.plan import Plan
from prunekit.program.slicing import Slicer
from prunekit.program.step import Step, plain


class Calibrator:
    """Re-estimates statistics on one batch of samples, as BatchNorm in training mode does.

    Statistics before a cut are kept: a network that was itself calibrated on these samples would
    get the same ones again.

    Args:
        source: the operations of the dense network.
        labels: the labels of its trace.
        state: its tensors by name.
        inputs: calibration samples ``(n, …)``.
        paired: take only the change from the samples, against the dense network on the same ones, and
            apply it to the statistics that the dense network has. A few samples are then enough, and a
            statistic that does not change stays exactly as it was.
        fuse: whether to fuse what else can be.
    """

    def __init__(
        self,
        source: Operations,
        labels: Labels,
        state: dict[str, Tensor],
        inputs: Tensor,
        paired: bool = False,
        fuse: bool = False,
    ) -> None:
        self._statistics: dict[str, Tensor] = {}
        self._names = source.trace.tensors
        self._state, self._paired = state, paired
        norms = [call for call in source.calls if call.name == "batch_norm"]
        self._variances = {self._names[call.args[4]] for call in norms}
        self._channels = {name: labels.of[node] for node, name in self._names.items()}
        steps = calibrating(source, self._collect, fuse)
        layers = [layer.weight for layer in find_layers(source.trace)]
        self._plan = Plan(source, steps, state, layers)
        self._slicer = Slicer(self._plan, labels)
        with torch.inference_mode():
            self._env = self._plan.dense(inputs)
        self._dense = self._statistics

    def fit(self, cut: Cut) -> Cut:
        """Return the cut with the statistics of every BatchNorm that comes after it."""
        self._statistics = {}
        with torch.inference_mode():
            if cut.survives is None:
                suffix = self._plan.prepare(cut.tensors)
            else:
                suffix = self._slicer.prepare(cut.survives, cut.tensors)
            self._plan.suffix(self._env, suffix)
            statistics = self._statistics
            if self._paired:
                statistics = {name: self._changed(name, cut) for name in statistics}
        return Cut({**cut.tensors, **statistics}, cut.survives, cut.kept)

    def _changed(self, name: str, cut: Cut) -> Tensor:
        """Apply the change of one statistic to the one the dense network has."""
        known, before, after = self._state[name], self._dense[name], self._statistics[name]
        if len(after) < len(known):
            assert cut.survives is not None
            stays = torch.from_numpy(cut.survives[self._channels[name][0]])
            known, before = known[stays], before[stays]
        if name in self._variances:
            return known * torch.where(before > 0, after / before, 1.0)
        return known + after - before

    def _collect(self, statistics: Mapping[str, Tensor]) -> None:
        self._statistics.update(statistics)


Collect = Callable[[Mapping[str, Tensor]], None]
"""Receives the mean and the unbiased variance of a BatchNorm's input, under the names of the running statistics."""


def calibrating(source: Operations, collect: Collect, fuse: bool) -> list[Step]:
    """Make the steps of a forward pass in which BatchNorm uses the statistics of its own input.

    Args:
        source: the operations.
        collect: receives the statistics of each BatchNorm as soon as they are computed.
        fuse: whether to fuse what else can be.

    Raises:
        NoPlanError: a scale, a shift or a statistic is no tensor of the network.
    """
    names = source.trace.tensors
    for call in source.calls:
        if call.name == "batch_norm" and not all(node is None or node in names for node in call.args[1:5]):
            raise NoPlanError("a batch normalisation reads tensors that the pass computes")
    steps = fused(source, fold_norms=False) if fuse else [plain(call, names) for call in source.calls]
    return [_norm_step(step.calls[0], names, collect) if step.calls[0].name == "batch_norm" else step for step in steps]


def _norm_step(call: Operation, names: Mapping[fx.Node, str], collect: Collect) -> Step:
    x, weight, bias, mean, variance, _, _, epsilon, *_ = call.args
    held = [names[node] for node in (weight, bias) if node is not None]
    running = names[mean], names[variance]

    def run(n: int, prepared: Sequence[Tensor], value: Tensor) -> Any:
        rest = list(prepared)
        scale = rest.pop(0) if weight is not None else None
        shift = rest.pop(0) if bias is not None else None
        moments = value.new_zeros(value.shape[1]), value.new_ones(value.shape[1])
        answer = F.batch_norm(value, *moments, scale, shift, True, 1.0, epsilon)
        collect(dict(zip(running, moments, strict=True)))
        return answer

    return Step((call,), (x,), tuple(held), list, run)
