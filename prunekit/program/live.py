"""The network while a person moves the bars: every state starts from the values that it shares with earlier ones."""

from collections.abc import Generator, Hashable, Mapping, Sequence
from itertools import pairwise

from torch import Tensor, fx, nn

from prunekit.graph.layers import find_layers
from prunekit.graph.propagate import propagate
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.program.calibrate import calibrating
from prunekit.program.fused import fused, suits
from prunekit.program.memory import Memory
from prunekit.program.operations import NoPlanError, Operations, operations
from prunekit.program.outputs import finish
from prunekit.program.passage import Passage, State, Tensors
from prunekit.program.plan import Plan
from prunekit.program.program import layout
from prunekit.program.slicing import Slicer
from prunekit.program.step import Step, plain

CALIBRATION = "calibration"


class Live:
    """Runs a network whose channels and weights change again and again, from the first block that changed.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        example: a few real samples ``(n, …)``.
        calibration: the samples ``(n, …)`` that BatchNorm statistics are estimated on, as one batch;
            ``None`` where there are none.
        samples: how many samples the desk measures on.
        memory: where values are remembered.

    Raises:
        NoPlanError: the network's operations cannot be run one by one.
    """

    def __init__(
        self,
        model: nn.Module,
        structure: Structure,
        example: Tensor,
        calibration: Tensor | None,
        samples: int,
        memory: Memory,
    ) -> None:
        self._structure, self._calibration = structure, calibration
        source: Operations = finish(operations(model, layout(example)))
        state = {name: tensor.detach() for name, tensor in named_tensors(model)}
        if not set(source.trace.tensors.values()) <= set(state):
            raise NoPlanError("the trace has other tensors than the network")
        labels, _ = propagate(source.trace)
        if labels.count != len(structure.group_of):
            raise NoPlanError("the trace has other channels than the analysis")
        self._estimated: dict[str, Tensor] = {}
        self._norms: dict[int, tuple[str, str]] = {}
        names = source.trace.tensors
        weights = [layer.weight for layer in find_layers(source.trace)]

        def passage(steps: list[Step], last: fx.Node) -> Passage:
            plan = Plan(source, steps, state, weights)
            return Passage(plan, Slicer(plan, labels), memory, last)

        self._measuring = passage(_steps(source, state), source.output)
        norms = [call.node for call in source.calls if call.name == "batch_norm"]
        self._calibrating: Passage | None = None
        if norms and calibration is not None:
            self._calibrating = passage(calibrating(source, self._estimated.update, suits(state)), norms[-1])
            for at, step in enumerate(self._calibrating.steps):
                if step.value in norms:
                    _, _, _, mean, variance, *_ = step.calls[0].args
                    self._norms[at] = names[mean], names[variance]
        self._fit_memory(memory.limit, samples)

    def state(self, tensors: Tensors, kept: Mapping[str, Sequence[int]]) -> State:
        """Get ready to measure with some tensors.

        Args:
            tensors: all parameters and buffers by name, in the shapes that a cut leaves.
            kept: the units kept of each group that was cut.
        """
        return self._measuring.state(tensors, self._structure.survivors(kept))

    def answer(self, state: State, inputs: Tensor, samples: Hashable) -> Generator[None, None, Tensor]:
        """Compute the logits of a batch.

        Args:
            state: what the network is now.
            inputs: ``(batch, …)``.
            samples: names them; ``None`` for samples of which nothing shall be remembered.

        Yields:
            ``None`` after each step, between which it may stop.

        Returns:
            ``(batch, classes)``.
        """
        return self._measuring.run(state, inputs, samples)

    def statistics(
        self, tensors: Tensors, kept: Mapping[str, Sequence[int]], inputs: Tensor | None = None
    ) -> Generator[None, None, dict[str, Tensor]]:
        """Estimate the statistics of every BatchNorm anew.

        Args:
            tensors: all parameters and buffers by name, in the shapes that a cut leaves.
            kept: the units kept of each group that was cut.
            inputs: other samples to estimate on than the live ones.

        Yields:
            ``None`` after each step, between which it may stop.

        Returns:
            Mean and variance by the names of the running ones.
        """
        passage, samples = self._calibrating, CALIBRATION if inputs is None else None
        inputs = self._calibration if inputs is None else inputs
        if passage is None or inputs is None:
            return {}
        state = passage.state(tensors, self._structure.survivors(kept))
        estimates: dict[int, Sequence[Tensor]] = {}
        for at in self._norms:
            remembered = passage.recall(state.keys[at]) if samples else None
            if remembered is None:
                break
            estimates[at] = remembered

        def after(at: int) -> None:
            if at in self._norms:
                estimates[at] = [self._estimated[name] for name in self._norms[at]]
                if samples:
                    passage.remember(state.keys[at], estimates[at])

        if len(estimates) < len(self._norms):
            first = list(self._norms)[len(estimates)]
            usable = [at for at in passage.resumable if at < first]
            yield from passage.run(state, inputs, samples, usable, after)
        pairs = ((names, estimates[at]) for at, names in self._norms.items())
        return {name: value for names, values in pairs for name, value in zip(names, values, strict=True)}

    def _fit_memory(self, limit: int, samples: int) -> None:
        """Give up places where values would be remembered until one state of the desk fits into the limit.

        The place goes first whose values save the least work for each byte. A state takes one pass over the calibration
        samples, and two over the measured ones: before and after BatchNorm statistics are estimated.
        """
        passages = [(self._measuring, 2 * samples)]
        if self._calibrating is not None and self._calibration is not None:
            passages.append((self._calibrating, len(self._calibration)))

        def size() -> int:
            return sum(n * passage.bytes(at) for passage, n in passages for at in passage.resumable)

        while size() > limit:
            worth = [
                (passage.work(before + 1, at + 1) / passage.bytes(at), which, at)
                for which, (passage, _) in enumerate(passages)
                for before, at in pairwise((-1, *passage.resumable))
            ]
            _, which, at = min(worth)
            passage = passages[which][0]
            passage.resumable = tuple(other for other in passage.resumable if other != at)


def _steps(source: Operations, state: Tensors) -> list[Step]:
    if suits(state):
        return fused(source)
    return [plain(call, source.trace.tensors) for call in source.calls]
