"""Follows the forward pass of a cut network, operation by operation, and compares each with what the dense record says.

Where an operation does something else, its result is put right and the pass goes on: one pass shows every place at
which the network's code does not follow a cut. Where the code itself raises, the module that it stands in is left, and
the pass goes on behind it.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate

from prunekit.graph.labels import Call
from prunekit.graph.module_calls import ModuleCall, entering, same_inputs
from prunekit.graph.readers import CPU
from prunekit.graph.record import Example, leaves, tensors_of
from prunekit.graph.sizes import Survives
from prunekit.graph.sliced import COPIES, Script, Step, complete
from prunekit.graph.trace import beside, named_tensors
from prunekit.graph.watch import Watch, reads_values, run, watching, written

OTHER_WAY = "it runs other operations on other sizes"


@dataclass(frozen=True, slots=True)
class Fault:
    """A place at which the pass did something else.

    Attributes:
        step: the operation's number.
        calls: the numbers of the module calls that it stands in, outermost first; those are left out whose arguments
            were other numbers already than in the dense pass.
        reason: what was else, in words.
    """

    step: int
    calls: tuple[int, ...]
    reason: str


class _Astray(BaseException):
    """The pass runs another operation than the dense one; no code of the network is to catch that."""


def learn(script: Script, network: nn.Module, example: Example) -> list[ModuleCall] | None:
    """Run the dense network and note where its modules begin and end; ``None`` where it does not follow its record.

    Args:
        script: the dense record.
        network: a copy of the dense network that may be changed.
        example: what it was recorded with.
    """
    follower = _Follower(script, np.ones(script.labels.count, dtype=bool), [], is_learning=True)
    return None if follower.run(network, example) else follower.calls


def follow(
    script: Script, survives: Survives, network: nn.Module, example: Example, calls: Sequence[ModuleCall]
) -> list[Fault]:
    """Run a cut network and return every place at which it is not the dense one with channels taken out.

    Args:
        script: the dense record.
        survives: which atoms stay.
        network: the cut network; it may be changed.
        example: what the dense network was recorded with.
        calls: the module calls of the dense pass; without them a pass that raises ends where it does.
    """
    return _Follower(script, survives, list(calls), is_learning=False).run(network, example)


class _Follower(Watch):  # type: ignore[no-untyped-call]
    """Sees each operation of the pass and holds it against the dense record.

    Attributes:
        calls: the module calls of the dense pass, in the order in which they begin.
    """

    def __init__(self, script: Script, survives: Survives, calls: list[ModuleCall], *, is_learning: bool) -> None:
        super().__init__()
        self.calls = calls
        self._script, self._survives, self._is_learning = script, survives, is_learning
        self._faults: list[Fault] = []
        self._at = self._next = 0
        self._inside: list[int] = []
        self._elsewhere: set[int] = set()
        self._is_making = False
        self._device = CPU

    def run(self, network: nn.Module, example: Example) -> list[Fault]:
        """Run a network that may be changed."""
        tensors = dict(named_tensors(network.eval()))
        example = beside(tensors, example)
        places = (node for node in self._script.trace.graph.nodes if node.op == "placeholder")
        for node, tensor in zip(places, [*tensors.values(), *leaves(example)], strict=False):
            self._nodes[tensor] = node
        self._device = next((tensor.device for tensor in tensors.values()), CPU)
        modules = entering(network, self._enter) if self.calls or self._is_learning else contextlib.nullcontext()
        with torch.random.fork_rng(devices=[]), modules, watching(self, lambda operation, values: None):
            try:
                self._finish(network(*(example if isinstance(example, tuple) else (example,))))
            except (Exception, _Astray) as error:
                self._note(_sentence(error))
        return self._faults

    def see(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, compare it with the next one of the record, and put its result right where it is not."""
        if self._is_making or reads_values(func):
            return func(*args, **kwargs)
        positional, named = self.nodes_of((args, kwargs))
        if _name(func) in COPIES:
            result = run(func, args, kwargs)
            self._nodes[result] = positional[0]
            return result
        step = self._step(func)
        node = step.call.node
        is_read = node in self._script.live  # what nothing reads has to run, and may be anything
        try:
            result = run(func, args, kwargs)
        except Exception as error:
            wrong: str | None = _sentence(error)
        else:
            wrong = self._wrong_shape(step.call, result) if is_read else None
        if wrong is None and not is_read:
            changed = None
        elif wrong is None:
            source = tuple(args[0].shape) if args and isinstance(args[0], Tensor) else ()
            changed = self._script.changed(step, self._survives, complete(func, positional, named), source)
        else:
            changed = wrong
            result = written(func, args, kwargs)[0] if func._schema.is_mutable else self._anew(node)
        if changed is not None:
            self._note(changed)
        self._at += 1
        self._assign(node, result)
        return result

    def _step(self, func: Any) -> Step:
        """Return the next operation of the record, which has to be this one."""
        steps = self._script.steps
        if self._at == len(steps) or steps[self._at].call.node.target is not func:
            raise _Astray(OTHER_WAY)
        return steps[self._at]

    def _enter(self, path: str, module: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a module's forward pass; where it goes astray, go on behind it."""
        inputs = self.nodes_of((args, kwargs))
        if self._is_learning:
            call = ModuleCall(path, isinstance(module, fx.GraphModule), self._at, inputs)
            self.calls.append(call)
            try:
                output = forward(*args, **kwargs)
                call.returns(self.nodes_of(output))
            finally:
                call.end, call.after = self._at, len(self.calls)
            return output
        number, place = self._next, (path, self._at)
        if number == len(self.calls) or (self.calls[number].path, self.calls[number].start) != place:
            raise _Astray(OTHER_WAY)
        call = self.calls[number]
        self._next += 1
        self._inside.append(number)
        if not same_inputs(call.inputs, inputs):
            self._elsewhere.add(number)
        try:
            output = forward(*args, **kwargs)
            if self._at != call.end:
                raise _Astray(OTHER_WAY)
        except (Exception, _Astray) as error:
            if call.output is None:
                raise
            self._note(_sentence(error))
            self._at, self._next = call.end, call.after
            output = map_aggregate(
                call.output, lambda value: self._anew(value) if isinstance(value, fx.Node) else value
            )
        finally:
            self._inside.pop()
        return output

    def _finish(self, output: Any) -> None:
        """Compare what the pass gives out."""
        last = next(node for node in self._script.trace.graph.nodes if node.op == "output")
        expected = [self._script.originals[node] for node in last.args[0]]
        if self._at != len(self._script.steps) or not self._script.same(expected, self.nodes_of(tensors_of(output))):
            raise _Astray(OTHER_WAY)

    def _note(self, reason: str) -> None:
        calls = tuple(number for number in self._inside if number not in self._elsewhere)
        self._faults.append(Fault(min(self._at, len(self._script.steps) - 1), calls, reason))

    def _wrong_shape(self, call: Call, result: Any) -> str | None:
        parts = self._script.parts.get(call.node)
        if parts is not None and len(parts) != sum(isinstance(item, Tensor) for item in result):
            return OTHER_WAY
        pairs = [(call.node, result)] if parts is None else [(part, result[index]) for index, part in parts.items()]
        for value, tensor in pairs:
            if isinstance(tensor, Tensor) and tuple(tensor.shape) != (
                shape := self._script.shape(value, self._survives)
            ):
                return f"{call.op} makes {tuple(tensor.shape)} where the cut channels need {shape}"
        return None

    def _anew(self, node: fx.Node) -> Any:
        """Make what an operation would have made of the right arguments, without its values."""
        value = node.meta["val"]
        if not isinstance(value, Tensor):
            parts = self._script.parts.get(node, {})
            return [self._anew(parts[index]) if index in parts else item for index, item in enumerate(value)]
        self._is_making = True
        try:
            tensor = torch.zeros(self._script.shape(node, self._survives), dtype=value.dtype, device=self._device)
        finally:
            self._is_making = False
        self._nodes[tensor] = node
        return tensor

    def _assign(self, node: fx.Node, result: Any) -> None:
        if isinstance(result, Tensor):
            self._nodes[result] = node
        elif isinstance(result, list | tuple):
            for index, part in self._script.parts.get(node, {}).items():
                self._nodes[result[index]] = part

    def _node(self, tensor: Tensor) -> fx.Node | Tensor:
        """Return the value of the dense record that a tensor stands for; for a constant what it holds now."""
        if tensor not in self._nodes:
            self._nodes[tensor] = tensor.detach().clone()  # the pass may write into it
        node: fx.Node | Tensor = self._nodes[tensor]
        return node


@lru_cache(None)
def _name(func: Any) -> str:
    name: str = func._schema.name
    return name.partition("::")[2]


def _sentence(error: BaseException) -> str:
    return str(error).partition("\n")[0][:120]
