"""A plan: the steps of a forward pass, run from the start or from the first step that a cut changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from prunekit.program.operations import Operations, Rows
from prunekit.program.step import Step

Values = dict[fx.Node, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Some steps of a plan, in order.

    Attributes:
        steps: what runs.
        needs: the values they read that they do not make.
        frees: for each step, the values nothing reads after it.
    """

    steps: tuple[Step, ...]
    needs: tuple[fx.Node, ...]
    frees: tuple[tuple[fx.Node, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Suffix:
    """A schedule with the tensors of one cut.

    Attributes:
        schedule: the steps that depend on the cut.
        prepared: what each step takes for its tensors.
        runs: how each step runs; not as the plan has it where a size changed.
        kept: value → dimension and positions that stay, for needed values that lose channels.
    """

    schedule: Schedule
    prepared: tuple[Any, ...]
    runs: tuple[Any, ...]
    kept: Mapping[fx.Node, Sequence[tuple[int, Tensor]]]


@dataclass(frozen=True, slots=True, eq=False)
class Env:
    """The values of one batch that a later pass may start from.

    Attributes:
        n: samples.
        values: value by node; what was not kept is computed again when it is read.
    """

    n: int
    values: Values

    @property
    def bytes(self) -> int:
        """Memory of the values, each counted once."""
        tensors = {
            value.untyped_storage().data_ptr(): value for value in self.values.values() if torch.is_tensor(value)
        }
        return sum(value.untyped_storage().nbytes() for value in tensors.values())


class Plan:
    """The steps of one network with its own tensors.

    Args:
        source: the operations.
        steps: what runs, in execution order.
        state: parameters and buffers by name.
        boundary: tensors that cuts replace; the values their readers start from are kept.
    """

    def __init__(
        self, source: Operations, steps: Sequence[Step], state: Mapping[str, Tensor], boundary: Iterable[str]
    ) -> None:
        self.source, self.steps, self.state = source, tuple(steps), state
        self.maker = {step.value: step for step in self.steps}
        self._fixed = {source.input, *source.constants}
        self._schedules: dict[frozenset[str], Schedule] = {}
        self._prepared: dict[fx.Node, Any] = {}
        self._all = self.schedule(self.steps)
        self.boundary = {node for name in boundary for node in self.affected((name,)).needs} | {source.output}
        with torch.inference_mode():
            for step in self.steps:
                self._prepared[step.value] = step.prepare([state[name] for name in step.tensors])

    def schedule(self, steps: Sequence[Step]) -> Schedule:
        """Say for each of these steps which values nobody reads after it, so that they can be freed there."""
        values = {step.value for step in steps}
        last = {node: at for at, step in enumerate(steps) for node in step.reads}
        frees: list[list[fx.Node]] = [[] for _ in steps]
        for node, at in last.items():
            if node in values and node is not self.source.output:
                frees[at].append(node)
        needs = dict.fromkeys(node for step in steps for node in step.reads if node not in values)
        return Schedule(tuple(steps), tuple(needs) if steps else (self.source.output,), tuple(map(tuple, frees)))

    def affected(self, names: Iterable[str]) -> Schedule:
        """Return the steps whose value depends on one of some tensors."""
        key = frozenset(names)
        if key not in self._schedules:
            dirty: set[fx.Node] = set()
            for step in self.steps:
                if not key.isdisjoint(step.tensors) or not dirty.isdisjoint(step.reads):
                    dirty.add(step.value)
            self._schedules[key] = self.schedule([step for step in self.steps if step.value in dirty])
        return self._schedules[key]

    def prepare(self, tensors: Mapping[str, Tensor]) -> Suffix:
        """Get ready to run with tensors replaced by others of the same shape."""
        schedule = self.affected(tensors)
        return Suffix(schedule, self.tensors_of(schedule, tensors), tuple(step.run for step in schedule.steps), {})

    def tensors_of(self, schedule: Schedule, tensors: Mapping[str, Tensor]) -> tuple[Any, ...]:
        """Prepare the tensors of a schedule's steps, anew where one of them is replaced."""
        return tuple(
            self._prepared[step.value]
            if tensors.keys().isdisjoint(step.tensors)
            else step.prepare([tensors.get(name, self.state[name]) for name in step.tensors])
            for step in schedule.steps
        )

    def dense(self, inputs: Tensor, keep: Collection[fx.Node] | None = None) -> Env:
        """Run the steps up to the last value asked for.

        Args:
            inputs: ``(batch, …)``.
            keep: the values that are kept; for ``None`` all that a cut may start from, and the output.
        """
        keep = self.boundary if keep is None else keep
        values: Values = {**self.source.constants, self.source.input: inputs}
        remaining = sum(node in self.maker for node in keep)
        for step, frees in zip(self.steps, self._all.frees, strict=True):
            if not remaining:
                break
            values[step.value] = step.run(len(inputs), self._prepared[step.value], *map(values.__getitem__, step.reads))
            remaining -= step.value in keep
            for node in frees:
                if node not in keep:
                    del values[node]
        return Env(len(inputs), {node: value for node, value in values.items() if node in keep or node in self._fixed})

    def rows(self, parts: Sequence[tuple[Env, Tensor]], keep: Collection[fx.Node] | None = None) -> Env:
        """Collect some samples of each of several batches.

        A value that does not hold its samples row by row is left out, and computed again when it is read.

        Args:
            parts: batches, and which of their rows.
            keep: the values that are collected, all that were kept for ``None``.
        """
        first, _ = parts[0]
        values = {node: first.values[node] for node in self.source.constants}
        for node in first.values.keys() - values.keys():
            if node is not self.source.input and keep is not None and node not in keep:
                continue
            if node is self.source.input or self._by_rows(node):
                values[node] = torch.cat([take(env.values[node], 0, rows) for env, rows in parts])
        return Env(sum(len(rows) for _, rows in parts), values)

    def _by_rows(self, node: fx.Node) -> bool:
        shape = self.maker[node].calls[-1].shape
        return shape is not None and len(shape) > 0 and isinstance(shape[0], Rows) and shape[0] == 1

    def suffix(self, env: Env, suffix: Suffix) -> Tensor:
        """Run the steps that a cut changes and return the output."""
        values = {node: self.value(env, node) for node in suffix.schedule.needs}
        for node, cuts in suffix.kept.items():
            for dim, positions in cuts:
                values[node] = take(values[node], dim, positions)
        schedule = suffix.schedule
        for step, run, prepared, frees in zip(
            schedule.steps, suffix.runs, suffix.prepared, schedule.frees, strict=True
        ):
            values[step.value] = run(env.n, prepared, *map(values.__getitem__, step.reads))
            for node in frees:
                del values[node]
        output = self.source.output
        answer: Tensor = values[output] if output in values else self.value(env, output)
        return answer

    def value(self, env: Env, node: fx.Node, computed: Values | None = None) -> Any:
        """Return a dense value, computed again where it was not kept.

        Args:
            env: the values that were kept.
            node: the value.
            computed: values that were already computed again; this one is added.
        """
        if node in env.values:
            return env.values[node]
        computed = {} if computed is None else computed
        if node not in computed:
            step = self.maker[node]
            reads = [self.value(env, read, computed) for read in step.reads]
            computed[node] = step.run(env.n, self._prepared[node], *reads)
        return computed[node]


def take(value: Tensor, dim: int, positions: Tensor) -> Tensor:
    """Return a value at some positions of one dimension.

    Images stay in channels-last order, out of which ``index_select`` would bring them, and slowly.
    """
    if value.ndim == 4 and dim < 2 and value.is_contiguous(memory_format=torch.channels_last):
        n, channels, height, width = value.shape
        last = value.permute(0, 2, 3, 1)
        if dim == 0:
            return last.index_select(0, positions).permute(0, 3, 1, 2)
        rows = last.reshape(-1, channels).index_select(1, positions)
        return rows.view(n, height, width, len(positions)).permute(0, 3, 1, 2)
    return value.index_select(dim, positions)
