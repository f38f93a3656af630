"""The calls of modules in a forward pass: where each begins and ends, and what it takes and returns."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree


@dataclass(slots=True, eq=False)
class ModuleCall:
    """One call of a module in the pass of the dense network.

    Attributes:
        path: the module's path.
        is_literal: whether its code holds numbers and reads none, as a graph does.
        start: how many operations came before.
        inputs: its arguments, with nodes for tensors.
        end: how many operations came before and in it.
        after: how many calls of modules came before and in it.
        output: what it returned, with nodes for tensors; ``None`` where that cannot be made anew.
    """

    path: str
    is_literal: bool
    start: int
    inputs: Any
    end: int = 0
    after: int = 0
    output: Any = None

    def returns(self, output: Any) -> None:
        """Note what the module returned, with nodes for tensors."""
        self.output = output if all(isinstance(leaf, _PLAIN) for leaf in pytree.tree_leaves(output)) else None


_PLAIN = (fx.Node, bool, int, float, str, type(None))


@contextlib.contextmanager
def entering(network: nn.Module, enter: Callable[..., Any]) -> Iterator[None]:
    """Let a function run the forward pass of every module.

    Args:
        network: its modules are as they were afterwards.
        enter: is called with a module's path, the module, its forward pass, and the arguments.
    """
    before: list[tuple[nn.Module, Any]] = []
    try:
        for path, module in network.named_modules():
            own = vars(module).get("forward")
            # Modules of TorchScript take no other forward; what raises in them raises in the module around.
            with contextlib.suppress(AttributeError, RuntimeError):
                module.forward = partial(enter, path, module, module.forward)
                before.append((module, own))
        yield
    finally:
        for module, own in before:
            if own is None:
                del module.forward
            else:
                module.forward = own


def same_inputs(before: Any, after: Any) -> bool:
    """Whether a module is called with the same values and numbers."""
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(same_inputs, before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same_inputs(before[key], after[key]) for key in before)
    if isinstance(before, Tensor) or isinstance(after, Tensor):
        return False
    return before is after or (type(before) is type(after) and bool(before == after))
