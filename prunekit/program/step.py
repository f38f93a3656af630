"""Steps: operations made ready to run, each with its tensors prepared apart from its values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunekit.program.operations import Operation, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One or several operations run as one.

    Attributes:
        calls: the operations, in order; the last makes the value.
        reads: the values it reads.
        tensors: names of the parameters and buffers it reads.
        prepare: tensors, in the order of ``tensors`` → what ``run`` takes for them.
        run: ``run(n, prepared, *values)`` for ``n`` samples.
    """

    calls: tuple[Operation, ...]
    reads: tuple[fx.Node, ...]
    tensors: tuple[str, ...]
    prepare: Callable[[Sequence[Tensor]], Any]
    run: Callable[..., Any]

    @property
    def value(self) -> fx.Node:
        """The value it makes."""
        return self.calls[-1].node


def plain(call: Operation, names: Mapping[fx.Node, str]) -> Step:
    """Run one operation as the network does.

    Args:
        call: the operation.
        names: the nodes that are parameters and buffers, with their names.
    """
    leaves, tree = pytree.tree_flatten((call.args, call.kwargs))
    reads = tuple(node for node in call.inputs if node not in names)
    held = tuple(node for node in call.inputs if node in names)
    place = {node: at for at, node in enumerate((*held, *reads))}
    slots = [(at, place[leaf]) for at, leaf in enumerate(leaves) if isinstance(leaf, fx.Node)]
    sizes = [(at, int(leaf)) for at, leaf in enumerate(leaves) if isinstance(leaf, Rows)]
    # In channels-last order a view of the recorded shape need not exist; a reshape is the same value.
    target = torch.ops.aten.reshape.default if call.name in ("view", "_unsafe_view") else call.target

    def run(n: int, prepared: Sequence[Tensor], *values: Any) -> Any:
        inputs = (*prepared, *values)
        filled = list(leaves)
        for at, source in slots:
            filled[at] = inputs[source]
        for at, size in sizes:
            filled[at] = size * n
        args, kwargs = pytree.tree_unflatten(filled, tree)
        return target(*args, **kwargs)

    return Step((call,), reads, tuple(names[node] for node in held), list, run)
