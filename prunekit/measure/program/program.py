"""The program of a network: run it once on a batch, then again from where a cut changes it."""

from collections.abc import Iterator, Mapping, Sequence
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
from prunekit.measure.forward import at_rest, run
from prunekit.measure.program.calibrate import Calibrator
from prunekit.measure.program.cuts import Cut, unread, without_channels
from prunekit.measure.program.fused import available, fused
from prunekit.measure.program.operations import NoPlanError, Operations, operations
from prunekit.measure.program.plan import Env, Plan, Suffix
from prunekit.measure.program.replay import Recorded, Replay
from prunekit.measure.program.slicing import Slicer
from prunekit.measure.program.step import plain

BACKENDS = ("fused", "eager", "replay", "forward")
"""How a program runs, the quickest first."""
TOLERANCE = 1e-4
"""How far, relative to the largest logit, a back end may be from the network's own forward pass."""
CHECKS = 4
"""Samples that a back end is compared on."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A batch and what is known of the dense network on it.

    Attributes:
        inputs: the samples, as the network takes them.
        env: the values a suffix starts from.
        logits: the dense network's output ``(batch, classes)``; ``None`` where it did not run to its end.
    """

    inputs: Tensor
    env: Env | Recorded
    logits: Tensor | None

    @property
    def bytes(self) -> int:
        """Memory of the values."""
        return self.env.bytes


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A cut made ready to run on any batch.

    Attributes:
        cut: the cut.
        suffix: how a plan runs it.
        model: the network that is left, where it runs in full.
    """

    cut: Cut
    suffix: Suffix | None = None
    model: nn.Module | None = None


class Program:
    """A network that answers quickly how it would be with some of its tensors replaced.

    The back ends are tried from the quickest to the plainest; each is compared with the network's
    own forward pass on a few samples and a few cuts before it is trusted.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        example: a few real samples ``(n, …)``.
        backends: which back ends may run, in the order they are tried; ``forward`` comes last always.

    Attributes:
        backend: which back end runs.
        refused: for each back end that was tried in vain, why it does not run.
        state: the network's parameters and buffers by name.
    """

    def __init__(
        self, model: nn.Module, structure: Structure, example: Tensor, backends: Sequence[str] = BACKENDS
    ) -> None:
        self._model, self._structure = model, structure
        self.state = {name: tensor.detach() for name, tensor in named_tensors(model)}
        self._example = layout(example[:CHECKS])
        self.refused: dict[str, str] = {}
        self.backend = "forward"
        self._plan: Plan | None = None
        self._slicer: Slicer | None = None
        self._labels: Labels | None = None
        self._ways: dict[str, bool] = {}
        self._checked: Batch | None = None
        self._source: Operations | None = None
        self._replay = Replay(model, self._example, memoise=False)
        for backend in backends:
            try:
                self._start(backend)
                self._check()
            except NoPlanError as error:
                self.refused[backend] = str(error)
                self._plan = self._slicer = None
            else:
                self.backend = backend
                break

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
            return self._ready_channels(cut)
        if self._plan is None:
            return Ready(cut)
        with torch.inference_mode():
            return Ready(cut, self._plan.prepare(cut.tensors))

    def channels(self, kept: Mapping[str, Sequence[int]]) -> Cut:
        """Make the cut that keeps these units of each group named."""
        return without_channels(self.state, self._structure, kept)

    def calibrator(self, inputs: Tensor, paired: bool = False) -> Calibrator | None:
        """Return what estimates BatchNorm statistics after a cut; ``None`` where no plan runs.

        Args:
            inputs: the calibration samples ``(n, …)``.
            paired: whether only the change is taken from them; see ``Calibrator``.
        """
        if self._plan is None or self._labels is None:
            return None
        return Calibrator(self._plan.source, self._labels, self.state, layout(inputs), paired)

    def calibrated(self, ready: Ready, calibrator: Calibrator) -> Ready:
        """Prepare a cut again with the BatchNorm statistics of the network that it leaves."""
        if ready.suffix is None:
            raise ValueError("A network that runs in full is calibrated as a whole.")
        cut = calibrator.fit(ready.cut)
        return self.ready(cut) if cut.survives is None else self._ready("slice", cut)

    def _ready_channels(self, cut: Cut) -> Ready:
        """Choose how to run a channel cut, and compare each way with the really smaller network before it is used."""
        options = {way: found for way in ("slice", "zero") if (found := self._option(way, cut.kept)) is not None}
        for way in sorted(options, key=lambda way: self._work(way, options[way])):
            if self._trusts(way, cut.kept):
                return self._ready(way, options[way])
        return Ready(cut, model=shrink(self._model, self._structure, cut.kept))

    def _option(self, way: str, kept: Mapping[str, Sequence[int]]) -> Cut | None:
        """Make a channel cut as one way runs it; ``None`` where that way cannot."""
        if way == "slice":
            return self.channels(kept) if self._slicer else None
        zeroed = unread(self.state, self._structure, kept)
        return zeroed if zeroed is not None and zeroed.tensors else None

    def _trusts(self, way: str, kept: Mapping[str, Sequence[int]]) -> bool:
        """Whether a way gives the smaller network's answers: checked for all groups at once, else for each alone."""
        groups = [group for group in self._structure.prunable if group.units > 1]
        every = {g.name: range(g.units // 2, g.units) for g in groups if way == "slice" or not g.statistics}
        if way not in self._ways:
            self._ways[way] = self._agrees(way, every)
        if self._ways[way]:
            return True
        key = " ".join((way, *sorted(kept)))
        if key not in self._ways:
            self._ways[key] = self._agrees(way, kept)
        return self._ways[key]

    def _ready(self, way: str, cut: Cut) -> Ready:
        if way == "zero":
            return self.ready(cut)
        assert self._slicer is not None
        assert cut.survives is not None
        with torch.inference_mode():
            return Ready(cut, self._slicer.prepare(cut.survives, cut.tensors))

    def _work(self, way: str, cut: Cut) -> float:
        if self._slicer is None or self._plan is None:
            return 0.0
        if way == "slice":
            assert cut.survives is not None
            return self._slicer.cost(cut.survives)
        return self._slicer.dense_cost(self._plan.affected(cut.tensors))

    def _agrees(self, way: str, kept: Mapping[str, Sequence[int]]) -> bool:
        option = self._option(way, kept)
        if option is None:
            return False
        if self._checked is None:
            self._checked = self.dense(self._example)
        try:
            found = self.suffix(self._checked, self._ready(way, option))
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError):
            return False
        return close(found, run(shrink(self._model, self._structure, kept), self._example))

    def _start(self, backend: str) -> None:
        if backend in ("replay", "forward"):
            self._replay = Replay(self._model, self._example, memoise=backend == "replay")
            return
        if self._source is None:
            self._source = operations(self._model, self._example)
        source = self._source
        if source.trace.tensors and set(source.trace.tensors.values()) != set(self.state):
            raise NoPlanError("the trace has other tensors than the network")
        if backend == "fused":
            kinds = {tensor.dtype for tensor in self.state.values() if tensor.is_floating_point()}
            if not available() or kinds != {torch.float32}:
                raise NoPlanError("oneDNN's fused operations take single precision only")
            steps = fused(source)
        else:
            steps = [plain(call, source.trace.tensors) for call in source.calls]
        layers = [layer.weight for layer in find_layers(source.trace)]
        self._plan = Plan(source, steps, self.state, layers)
        labels, _ = propagate(source.trace)
        if labels.count == len(self._structure.group_of):
            self._labels = labels
            self._slicer = Slicer(self._plan, labels)

    def _check(self) -> None:
        """Compare with the network's own forward pass: whole, on fewer samples, and with weights zeroed.

        Raises:
            NoPlanError: they differ.
        """
        for inputs, cut in self._probes():
            with at_rest(self._model):
                wanted = torch.func.functional_call(self._model, dict(cut.tensors), (inputs,))
                again = torch.func.functional_call(self._model, dict(cut.tensors), (inputs,))
            if not close(wanted, again):
                raise NoPlanError("the network answers differently each time")
            try:
                batch = self.dense(inputs)
                found = self.suffix(batch, cut) if cut.tensors else batch.logits
            except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
                raise NoPlanError(f"it fails: {str(error).partition(chr(10))[0]}") from error
            if not close(found, wanted):
                raise NoPlanError("it answers differently from the network's own forward pass")

    def _probes(self) -> Iterator[tuple[Tensor, Cut]]:
        yield self._example, Cut({})
        yield self._example[:1], Cut({})
        weights = [layer.weight for layer in self._structure.layers]
        for name in dict.fromkeys((*weights[:1], *weights[len(weights) // 2 :][:1], *weights[-1:])):
            half = self.state[name].clone()
            half.view(-1)[::2] = 0.0
            yield self._example, Cut({name: half})


def layout(inputs: Tensor) -> Tensor:
    """Put images in channels-last order, as a network's own forward pass gets them."""
    return inputs.to(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs


def close(found: Any, wanted: Any) -> bool:
    """Whether two outputs are one, up to rounding."""
    if not torch.is_tensor(found) or not torch.is_tensor(wanted) or found.shape != wanted.shape:
        return False
    scale = float(wanted.abs().max()) if wanted.numel() else 0.0
    return bool(torch.allclose(found, wanted, rtol=0.0, atol=TOLERANCE * max(scale, 1.0), equal_nan=True))
