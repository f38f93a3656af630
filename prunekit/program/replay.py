"""Memoised replay: the network's own forward pass, in which finished modules give their stored answers.

For networks whose operations cannot be run one by one. A module that had finished before the first
one with a replaced tensor began cannot have changed; the outermost of them are not run again.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils import _pytree as pytree

from prunekit.program.forward import answer, at_rest


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One batch and what modules answered to it.

    Attributes:
        inputs: the batch.
        answers: module path → its answer.
        output: the network's.
    """

    inputs: Tensor
    answers: Mapping[str, Any]
    output: Tensor

    @property
    def bytes(self) -> int:
        """Memory of the answers."""
        return sum(answer.untyped_storage().nbytes() for answer in self.answers.values() if torch.is_tensor(answer))


class Replay:
    """Runs a copy of the network.

    Args:
        model: the network; it is not changed.
        example: samples ``(batch, …)`` that show in which order modules run.
        memoise: whether to keep and give modules' answers; else every pass is a full one.
    """

    def __init__(self, model: nn.Module, example: Tensor, memoise: bool = True) -> None:
        self._model = copy.deepcopy(model).eval()
        self._began: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._clock = 0
        self._holders = _holders(self._model)
        if memoise:
            with self._wrapped({path: self._timed(path, module) for path, module in self._modules()}):
                self._forward(example)

    def dense(self, inputs: Tensor) -> Recorded:
        """Run the network and keep what its modules answer."""
        answers: dict[str, Any] = {}

        def keeping(path: str, module: nn.Module) -> Any:
            forward = module.forward

            def call(*args: Any, **kwargs: Any) -> Any:
                answer = forward(*args, **kwargs)
                answers[path] = _copy(answer)  # what follows may write into it
                return answer

            return call

        once = {path: keeping(path, module) for path, module in self._modules() if self._calls.get(path) == 1}
        with self._wrapped(once):
            output = self._forward(inputs)
        return Recorded(inputs, answers, output)

    def output(self, env: Recorded) -> Tensor:
        """Return the dense network's answer."""
        return env.output

    def suffix(self, env: Recorded, tensors: Mapping[str, Tensor]) -> Tensor:
        """Run the network with tensors replaced by others of the same shape."""
        answers = {path: _constant(env.answers[path]) for path in self._unchanged(tensors)}
        with self._wrapped(answers):
            return self._forward(env.inputs, tensors)

    def _unchanged(self, names: Iterable[str]) -> list[str]:
        """Return the outermost modules that had finished before the first changed one began."""
        paths = {path for name in names for path in self._holders[name]}
        begins = [self._began[path] for path in paths if path in self._began]
        if len(begins) < len(paths):  # a tensor of the network itself, or of a module that is never called
            return []
        first = min(begins, default=self._clock + 1)
        unchanged: list[str] = []
        for path, ended in sorted(self._ended.items(), key=lambda item: self._began[item[0]]):
            inside = any(path.startswith(f"{outer}.") for outer in unchanged)
            if ended < first and self._calls[path] == 1 and not inside:
                unchanged.append(path)
        return unchanged

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        return ((path, module) for path, module in self._model.named_modules() if path)

    def _timed(self, path: str, module: nn.Module) -> Any:
        forward = module.forward

        def call(*args: Any, **kwargs: Any) -> Any:
            self._clock += 1
            self._began.setdefault(path, self._clock)
            self._calls[path] = self._calls.get(path, 0) + 1
            answer = forward(*args, **kwargs)
            self._clock += 1
            self._ended[path] = self._clock
            return answer

        return call

    @contextmanager
    def _wrapped(self, forwards: Mapping[str, Any]) -> Iterator[None]:
        modules = {path: self._model.get_submodule(path) for path in forwards}
        try:
            for path, forward in forwards.items():
                modules[path].forward = forward
            yield
        finally:
            for module in modules.values():
                module.__dict__.pop("forward", None)

    def _forward(self, inputs: Tensor, tensors: Mapping[str, Tensor] | None = None) -> Tensor:
        with at_rest(self._model):
            output: Tensor = answer(partial(functional_call, self._model, dict(tensors or {})), inputs)
        return output


def _holders(model: nn.Module) -> dict[str, list[str]]:
    """Return for each tensor the modules that hold it, more than one where it is tied."""
    holders: dict[int, list[str]] = {}
    every = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    for name, tensor in every:
        holders.setdefault(id(tensor), []).append(name.rpartition(".")[0])
    return {name: holders[id(tensor)] for name, tensor in every}


def _constant(answer: Any) -> Any:
    return lambda *args, **kwargs: _copy(answer)


def _copy(answer: Any) -> Any:
    return pytree.tree_map(lambda leaf: leaf.clone() if torch.is_tensor(leaf) else leaf, answer)
