"""A forward pass over a network whose tensors change again and again: it resumes behind the last unchanged value."""

import hashlib
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakTensorKeyDictionary

from prunekit.graph.sizes import Survives
from prunekit.program.memory import Memory
from prunekit.program.plan import Plan
from prunekit.program.program import layout
from prunekit.program.slicing import Slicer
from prunekit.program.step import Step

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The tensors that a pass runs with.

    Attributes:
        tensors: parameters and buffers by name, in the shapes that a cut leaves.
        survives: which atoms of the structure are left.
        steps: the steps, with the sizes of those shapes.
        keys: for each step a name of its value's content on any given samples.
        prepared: what the steps that have run so far take for their tensors.
    """

    tensors: Tensors
    survives: Survives
    steps: tuple[Step, ...]
    keys: tuple[bytes, ...]
    prepared: dict[int, Any] = field(default_factory=dict)


class Passage:
    """Runs a plan's steps, and remembers the values from which another state could go on.

    A value is named by the content of all it depends on. It is remembered where the rest of the pass
    needs only this value and the input, and where arithmetic follows: between two blocks of a network.

    Args:
        plan: the steps.
        slicer: fits them to channels that are gone.
        memory: what is remembered, shared with other passes.
        last: the value where the pass ends.
    """

    def __init__(self, plan: Plan, slicer: Slicer, memory: Memory, last: fx.Node) -> None:
        self._plan, self._slicer, self._memory = plan, slicer, memory
        end = [step.value for step in plan.steps].index(last) + 1
        self.steps = plan.steps[:end]
        self._frees = plan.schedule(self.steps).frees
        self.resumable = self._bottlenecks()
        self._own = object()

    def state(self, tensors: Tensors, survives: Survives) -> State:
        """Get ready to run with some tensors.

        Args:
            tensors: all parameters and buffers by name, in the shapes that a cut leaves.
            survives: the atoms it leaves.
        """
        steps = tuple(self._slicer.fit(step, survives) for step in self.steps)
        known: dict[fx.Node, bytes] = {}
        keys = []
        for at, (step, whole) in enumerate(zip(steps, self.steps, strict=True)):
            sizes = None if step is whole else _sizes(step)
            parts = (str((at, sizes)).encode(), *(_digest(tensors[name]) for name in step.tensors))
            reads = (known.get(node, b"") for node in step.reads)
            known[step.value] = hashlib.sha256(b"|".join((*parts, *reads))).digest()
            keys.append(known[step.value])
        return State(tensors, survives, steps, tuple(keys))

    def run(
        self,
        state: State,
        inputs: Tensor,
        samples: Hashable,
        usable: Iterable[int] | None = None,
        after: Callable[[int], None] | None = None,
    ) -> Generator[None, None, Tensor]:
        """Run from the last value that is remembered.

        Args:
            state: the tensors.
            inputs: ``(batch, …)``.
            samples: names them; ``None`` for samples of which nothing shall be remembered.
            usable: the steps from whose values it may go on, all that are remembered for ``None``.
            after: called with the number of each step that has run.

        Yields:
            ``None`` after each step.

        Returns:
            The last value.
        """
        remembered = self.resumable if samples is not None else ()
        start, values = 0, self._constants(state)
        for at in remembered if usable is None else remembered and usable:
            value = self._memory.get((self._own, samples, state.keys[at]))
            if value is not None:  # the furthest is read last, so that the memory forgets it last
                start, values[state.steps[at].value] = at + 1, value[0]
        # Images go in channels-last order, which is not worth copying where only what follows is computed.
        values[self._plan.source.input] = inputs if start else layout(inputs)
        for at in range(start, len(state.steps)):
            step = state.steps[at]
            with torch.inference_mode():
                if at not in state.prepared:
                    state.prepared[at] = step.prepare([state.tensors[name] for name in step.tensors])
                reads = [values[node] for node in step.reads]
                values[step.value] = step.run(len(inputs), state.prepared[at], *reads)
            if after is not None:
                after(at)
            if at in remembered:
                self._memory.put((self._own, samples, state.keys[at]), [values[step.value]])
            for node in self._frees[at]:
                values.pop(node, None)
            yield
        last: Tensor = values[self.steps[-1].value]
        return last

    def remember(self, key: Hashable, values: Sequence[Tensor]) -> None:
        """Hold something of this pass under a key."""
        self._memory.put((self._own, key), values)

    def recall(self, key: Hashable) -> tuple[Tensor, ...] | None:
        """Return what was held under a key, where it is still there."""
        return self._memory.get((self._own, key))

    def work(self, start: int, stop: int) -> float:
        """Estimate the multiply-accumulates of some steps for one sample."""
        return self._slicer.dense_cost(self._plan.schedule(self.steps[start:stop]))

    def bytes(self, at: int) -> int:
        """Return the memory of a step's dense value for one sample."""
        value: Tensor = self.steps[at].value.meta["val"]
        return value.numel() * value.element_size() // self._plan.source.trace.batch

    def _constants(self, state: State) -> dict[fx.Node, Any]:
        constants = self._plan.source.constants
        return {node: self._slicer.constant(node, value, state.survives) for node, value in constants.items()}

    def _bottlenecks(self) -> tuple[int, ...]:
        """Find the steps whose value is all that later steps read; where no arithmetic lies between two, the later."""
        read = {node for step in self.steps for node in step.reads}
        live: set[fx.Node] = set()
        bottlenecks: list[int] = []
        for at, (step, frees) in enumerate(zip(self.steps, self._frees, strict=True)):
            live = (live | ({step.value} & read)) - set(frees)
            if live <= {step.value} and torch.is_tensor(step.value.meta.get("val")):
                if bottlenecks and not self.work(bottlenecks[-1] + 1, at + 1):
                    bottlenecks.pop()
                bottlenecks.append(at)
        return tuple(bottlenecks)


def _sizes(step: Step) -> list[int]:
    return [leaf for leaf in pytree.tree_leaves(step.calls[0].args) if isinstance(leaf, int)]


_digests = WeakTensorKeyDictionary()


def _digest(tensor: Tensor) -> bytes:
    """Name a tensor's content, which nobody changes."""
    if tensor not in _digests:
        _digests[tensor] = _computed(tensor)
    digest: bytes = _digests[tensor]
    return digest


def _computed(tensor: Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
    hasher = hashlib.sha256(str((tensor.dtype, tuple(tensor.shape))).encode())
    hasher.update(flat.numpy().data)
    return hasher.digest()
