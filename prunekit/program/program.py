"""The program of a network: run it once on a batch, then again from where a cut changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.graph.labels import Labels
from prunekit.graph.layers import find_layers
from prunekit.graph.propagate import propagate
from prunekit.graph.shrink import shrink
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.program.agreement import close
from prunekit.program.calibrate import Calibrator
from prunekit.program.cuts import Cut, without_channels
from prunekit.program.forward import run
from prunekit.program.fused import fused, suits
from prunekit.program.operations import NoPlanError, Operations
from prunekit.program.plan import Env, Plan, Suffix, take
from prunekit.program.replay import Recorded, Replay
from prunekit.program.slicing import Slicer
from prunekit.program.step import plain
from prunekit.program.ways import Ways

BACKENDS = ("half", "fused", "eager", "replay", "forward")
"""How a program runs, the quickest first."""
PLANNED = ("half", "fused", "eager")
"""Those that run the operations one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A batch and what is known of the dense network on it.

    Attributes:
        inputs: the samples, as the network takes them.
        env: the values a suffix starts from.
        logits: the dense network's output ``(batch, classes)``; ``None`` where it did not run to its end.
        half: the values in half precision, where passes run in it first.
    """

    inputs: Tensor
    env: Env | Recorded
    logits: Tensor | None
    half: Env | None = None

    @property
    def bytes(self) -> int:
        """Memory of the values."""
        return self.env.bytes + (0 if self.half is None else self.half.bytes)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A cut made ready to run on any batch.

    Attributes:
        cut: the cut.
        suffix: how a plan runs it.
        model: the network that is left, where it runs in full.
        half: how a plan runs it in half precision.
    """

    cut: Cut
    suffix: Suffix | None = None
    model: nn.Module | None = None
    half: Suffix | None = None


class Program:
    """Runs a network quickly with some of its tensors replaced.

    It does not check itself: ``trusted`` compares it with the network's own forward pass.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        example: a few real samples ``(n, …)`` in the order of ``layout``.
        backend: how it runs, one of ``BACKENDS``.
        source: the network's operations, for a back end that runs them one by one.
        refused: for each back end that was tried and does not run, the reason.

    Attributes:
        backend: how it runs.
        refused: for each back end that does not run, the reason.
        state: the network's parameters and buffers by name.
        ways: how channel cuts run.

    Raises:
        NoPlanError: this back end cannot run the network.
    """

    def __init__(
        self,
        model: nn.Module,
        structure: Structure,
        example: Tensor,
        backend: str,
        source: Operations | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self._model, self._structure = model, structure
        self.backend, self.refused = backend, refused or {}
        self.state = {name: tensor.detach() for name, tensor in named_tensors(model)}
        self._plan: Plan | None = None
        self._slicer: Slicer | None = None
        self._labels: Labels | None = None
        if backend in PLANNED:
            assert source is not None, "a plan is made of operations"
            self._plan = self._plan_of(source)
            labels, _ = propagate(source.trace)
            if labels.count == len(structure.group_of):
                self._labels = labels
                self._slicer = Slicer(self._plan, labels)
        else:
            self._replay = Replay(model, example, memoise=backend == "replay")

        def answer(cut: Cut) -> Tensor:
            # In single precision, in which a way is compared, whatever the back end does besides.
            ready = Ready(cut) if self._plan is None else Program._planned(self, cut)
            return Program.suffix(self, Program.dense(self, example), ready)

        self.ways = Ways(model, structure, self.state, self._plan, self._slicer, example, answer)

    def dense(self, inputs: Tensor) -> Batch:
        """Run the dense network on a batch and keep what any layer's or group's cut starts from.

        Args:
            inputs: ``(batch, …)``.
        """
        inputs = layout(inputs)
        if self._plan is None:
            recorded = self._replay.dense(inputs)
            return Batch(inputs, recorded, recorded.output)
        with torch.inference_mode():
            env = self._plan.dense(inputs)
        return Batch(inputs, env, env.values[self._plan.source.output])

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the dense network's output ``(batch, classes)`` and keep nothing."""
        inputs = layout(inputs)
        if self._plan is None:
            return run(self._model, inputs)
        output = self._plan.source.output
        with torch.inference_mode():
            answer: Tensor = self._plan.dense(inputs, (output,)).values[output]
        return answer

    def prefix(self, inputs: Tensor, cuts: Sequence[Ready]) -> Batch:
        """Run the dense network as far as some cuts need, and keep no more than that; the batch has no logits."""
        if self._plan is None:
            return self.dense(inputs)
        inputs = layout(inputs)
        needs = {node for ready in cuts if ready.suffix is not None for node in ready.suffix.schedule.needs}
        with torch.inference_mode():
            return Batch(inputs, self._plan.dense(inputs, needs), None)

    def rows(self, batches: Sequence[Batch], positions: Sequence[int]) -> Batch:
        """Collect samples out of batches, where that is possible; else run the dense network on them.

        Args:
            batches: what ``dense`` returned on all samples, in order.
            positions: which of these samples, rising.
        """
        parts = parts_of(batches, positions)
        inputs = torch.cat([take(batch.inputs, 0, rows) for batch, rows in parts])
        if self._plan is None:
            return self.dense(inputs)
        with torch.inference_mode():
            env = self._plan.rows([(batch.env, rows) for batch, rows in parts if isinstance(batch.env, Env)])
            return Batch(inputs, env, self._plan.value(env, self._plan.source.output))

    def suffix(self, batch: Batch, ready: Ready | Cut) -> Tensor:
        """Run what a cut changes.

        Args:
            batch: what ``dense`` returned.
            ready: the cut; one that will run on several batches is best made ready once.

        Returns:
            The output ``(batch, classes)`` of the network that the cut leaves.
        """
        if isinstance(ready, Cut):
            ready = self.ready(ready)
        if ready.model is not None:
            return run(ready.model, batch.inputs)
        if self._plan is None or ready.suffix is None:
            assert isinstance(batch.env, Recorded)
            return self._replay.suffix(batch.env, ready.cut.tensors)
        assert isinstance(batch.env, Env)
        with torch.inference_mode():
            return self._plan.suffix(batch.env, ready.suffix)

    def ready(self, cut: Cut) -> Ready:
        """Prepare a cut: fold, lay out and slice the tensors that it replaces."""
        if cut.survives is not None:
            choice = self.ways.best(cut.kept)
            if choice is None:
                return Ready(cut, model=shrink(self._model, self._structure, cut.kept))
            _, cut = choice
        return Ready(cut) if self._plan is None else self._planned(cut)

    def channels(self, kept: Mapping[str, Sequence[int]]) -> Cut:
        """Make the cut that keeps these units of each group named."""
        return without_channels(self.state, self._structure, kept)

    def calibrator(self, inputs: Tensor, paired: bool = False) -> Calibrator | None:
        """Return what estimates BatchNorm statistics after a cut; ``None`` where no plan runs or can.

        Args:
            inputs: the calibration samples ``(n, …)``.
            paired: whether only the change is taken from them; see ``Calibrator``.
        """
        if self._plan is None or self._labels is None:
            return None
        fuse = self.backend != "eager"
        try:
            return Calibrator(self._plan.source, self._labels, self.state, layout(inputs), paired, fuse)
        except NoPlanError:
            return None

    def calibrated(self, cut: Cut, calibrator: Calibrator) -> Ready | None:
        """Prepare a cut with the BatchNorm statistics of the network that it leaves.

        Returns:
            The cut made ready; ``None`` where that network runs in full, and is calibrated as a whole.
        """
        if cut.survives is None:
            return self.ready(calibrator.fit(cut))
        return self._planned(calibrator.fit(cut)) if self.ways.trusts("slice", cut.kept) else None

    def agrees(self, output: Any, expected: Any) -> bool:
        """Whether an output equals the network's own, as closely as this back end can compute it."""
        return close(output, expected)

    def _planned(self, cut: Cut) -> Ready:
        """Prepare a cut for the plan."""
        assert self._plan is not None
        with torch.inference_mode():
            return Ready(cut, suffix_of(self._plan, self._slicer, cut))

    def _plan_of(self, source: Operations) -> Plan:
        if source.trace.tensors and set(source.trace.tensors.values()) != set(self.state):
            raise NoPlanError("the trace has other tensors than the network")
        if self.backend == "eager":
            steps = [plain(call, source.trace.tensors) for call in source.calls]
        elif suits(self.state):
            steps = fused(source)
        else:
            raise NoPlanError("oneDNN's fused operations take single precision only")
        return Plan(source, steps, self.state, layers_of(source))


def suffix_of(plan: Plan, slicer: Slicer | None, cut: Cut) -> Suffix:
    """Prepare a cut for a plan."""
    if cut.survives is None:
        return plan.prepare(cut.tensors)
    assert slicer is not None
    return slicer.prepare(cut.survives, cut.tensors)


def layers_of(source: Operations) -> list[str]:
    """Return the names of the layers' weights; a cut runs again from the first step that reads a changed one."""
    return [layer.weight for layer in find_layers(source.trace)]


def parts_of(batches: Sequence[Batch], positions: Sequence[int]) -> list[tuple[Batch, Tensor]]:
    """Return for each batch its rows at some positions, which rise and count over all batches."""
    places, start, parts = torch.tensor(positions), 0, []
    for batch in batches:
        stop = start + len(batch.inputs)
        parts.append((batch, places[(start <= places) & (places < stop)] - start))
        start = stop
    return parts


def layout(inputs: Tensor) -> Tensor:
    """Put images in channels-last order, as a network's own forward pass gets them."""
    return inputs.to(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs
