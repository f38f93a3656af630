"""Running a plan in the shapes that a channel cut leaves.

What stands before the first operation that mixes channels is the dense network's value without the
channels that are gone, so it is sliced out of what is known and not computed again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from prunekit.graph.calls import bind, rank
from prunekit.graph.labels import STATISTIC, Labels
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.rules import RULES
from prunekit.graph.sizes import Survives, fitted
from prunekit.program.operations import Operation, Rows
from prunekit.program.plan import Plan, Schedule, Suffix, take
from prunekit.program.step import Step, plain

MIXES = frozenset((*OUTPUT_DIM, "bmm", "layer_norm", "rms_norm", "group_norm"))
"""Operations whose value may change, beyond losing channels, when channels of an input go.

Attention is none of them: it keeps heads apart, and channels inside a head are protected.
"""
COPY = 25
"""Multiply-accumulates that take as long as copying one entry out of a kept value."""


class Slicer:
    """Prepares channel cuts of one plan.

    Args:
        plan: the plan of the dense network.
        labels: the labels of its trace.
    """

    def __init__(self, plan: Plan, labels: Labels) -> None:
        self._plan, self._labels = plan, labels
        self._names = plan.source.trace.tensors
        self._bound = {call.node: bind(call.node) for step in plan.steps for call in step.calls}
        self._schedules: dict[bytes, Schedule] = {}

    def schedule(self, survives: Survives) -> Schedule:
        """Return the steps that have to run again."""
        key = survives.tobytes()
        if key not in self._schedules:
            dirty: set[fx.Node] = set()
            for step in self._plan.steps:
                if not dirty.isdisjoint(step.reads) or any(self._changes(call, survives) for call in step.calls):
                    dirty.add(step.value)
            self._schedules[key] = self._plan.schedule([step for step in self._plan.steps if step.value in dirty])
        return self._schedules[key]

    def prepare(self, survives: Survives, tensors: Mapping[str, Tensor]) -> Suffix:
        """Get ready to run without some channels.

        Args:
            survives: which atoms stay.
            tensors: the tensors that lose entries, as they are afterwards.
        """
        schedule = self.schedule(survives)
        steps = [self.fit(step, survives) for step in schedule.steps]
        kept = {node: cuts for node in schedule.needs if (cuts := self._kept(node, survives))}
        prepared = self._plan.tensors_of(schedule, tensors)
        return Suffix(schedule, prepared, tuple(step.run for step in steps), kept)

    def constant(self, node: fx.Node, value: Tensor, survives: Survives) -> Tensor:
        """Take out of a value that is the same in every pass what stands for channels that are gone."""
        for dim, positions in self._kept(node, survives):
            value = take(value, dim, positions)
        return value

    def cost(self, survives: Survives) -> float:
        """Estimate the work for one sample, in multiply-accumulates."""
        schedule = self.schedule(survives)
        copied = sum(self._entries(node, survives) for node in schedule.needs if self._kept(node, survives))
        return COPY * copied + sum(self._macs(call, survives) for step in schedule.steps for call in step.calls)

    def dense_cost(self, schedule: Schedule) -> float:
        """Estimate the work of steps in their dense shapes for one sample, in multiply-accumulates."""
        whole = np.ones(self._labels.count, dtype=bool)
        return sum(self._macs(call, whole) for step in schedule.steps for call in step.calls)

    def _changes(self, call: Operation, survives: Survives) -> bool:
        if self._folds(call, survives):
            return True
        is_mixed = call.name in MIXES or STATISTIC in call.node.meta
        if not is_mixed and (call.name in RULES or call.name == "getitem"):
            return False
        bound = self._bound[call.node]
        assert bound is not None
        dims = self._labels.of
        if call.name in OUTPUT_DIM and bound.has("weight") and bound.args["weight"] in self._names:
            weight = dims[bound.args["weight"]]
            own = OUTPUT_DIM[call.name]
            if bound.args.get("groups", 1) in (1, len(weight[own])):  # plain or depthwise
                return any(_loses(dim, survives) for d, dim in enumerate(weight) if d != own)
        return any(_loses(dim, survives) for node in call.inputs for dim in _flat(dims.get(node)))

    def _folds(self, call: Operation, survives: Survives) -> bool:
        """Whether channels that go are laid into one dimension with the samples, whose number is not known here."""
        dims = self._labels.of.get(call.node)
        if call.shape is None or not isinstance(dims, list) or len(dims) != len(call.shape):
            return False
        return any(isinstance(n, Rows) and _loses(dim, survives) for dim, n in zip(dims, call.shape, strict=True))

    def _kept(self, node: fx.Node, survives: Survives) -> list[tuple[int, Tensor]]:
        dims = self._labels.of[node]
        return [
            (d, torch.from_numpy(np.flatnonzero(survives[dim])))
            for d, dim in enumerate(dims or ())
            if not isinstance(dim, list) and _loses(dim, survives)
        ]

    def fit(self, step: Step, survives: Survives) -> Step:
        """Write the sizes of the smaller shapes into an operation that names sizes."""
        call, *others = step.calls
        bound = self._bound[call.node]
        if others or bound is None or not (numbers := fitted(self._labels, bound, survives)):
            return step
        places = {name: at for at, name in enumerate(bound.args) if at < len(call.args)}
        args, kwargs = list(call.args), dict(call.kwargs)
        for name, value in numbers.items():
            if name in places:
                args[places[name]] = self._for_any_batch(args[places[name]], value)
            else:
                kwargs[name] = value
        if tuple(args) == call.args and kwargs == call.kwargs:
            return step
        return plain(replace(call, args=tuple(args), kwargs=kwargs), self._names)

    def _for_any_batch(self, dense: Any, value: Any) -> Any:
        if isinstance(value, list):
            return [self._for_any_batch(a, b) for a, b in zip(dense, value, strict=True)]
        return Rows(value // self._plan.source.trace.batch) if isinstance(dense, Rows) else value

    def _shape(self, dims: Any, shape: Sequence[int] | None, survives: Survives) -> tuple[int, ...] | None:
        if shape is None or not isinstance(dims, list) or len(dims) != len(shape):
            return None
        return tuple(
            size if isinstance(dim, str) or isinstance(size, Rows) else int(survives[dim].sum())
            for dim, size in zip(dims, shape, strict=True)
        )

    def _entries(self, node: fx.Node, survives: Survives) -> int:
        """Count the entries of a value for one sample."""
        shape = tuple(node.meta["val"].shape)
        whole = self._shape(self._labels.of.get(node), shape, survives) or shape
        return math.prod(whole) // self._plan.source.trace.batch

    def _macs(self, call: Operation, survives: Survives) -> float:
        if call.name not in OUTPUT_DIM or call.shape is None:
            return 0
        weights = [node for node in call.inputs if node in self._names]
        if not weights:
            return 0
        weight = max(weights, key=rank)  # no bias, whichever comes first
        shape = self._shape(self._labels.of[weight], tuple(weight.meta["val"].shape), survives)
        assert shape is not None
        return self._entries(call.node, survives) * math.prod(shape) / max(1, shape[OUTPUT_DIM[call.name]])


def _loses(dim: Any, survives: Survives) -> bool:
    return not isinstance(dim, str) and not bool(survives[dim].all())


def _flat(dims: Any) -> list[Any]:
    flat: list[Any] = []
    for dim in dims or ():
        flat.extend(_flat(dim) if isinstance(dim, list) else [dim])
    return flat
