"""Parts of a network that can be removed whole, each proven by running the network without it."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from prunekit.graph.blocks import find_branches
from prunekit.graph.calls import bind, shape_of
from prunekit.graph.layers import find_layers
from prunekit.graph.trace import Trace, named_tensors, trace
from prunekit.records import Block

IDENTITY, NOTHING = "identity", "nothing"
"""What stands in for a module: its input, or a zero that changes no sum."""
TOLERANCE = 1e-4

Values = dict[fx.Node, Any]


class Nothing(nn.Module):
    """What is left of a removed branch: a zero, which changes no sum."""

    def forward(self, first: Tensor, *others: Any, **named: Any) -> Tensor:
        """Return a zero of the input's kind."""
        return torch.zeros((), dtype=first.dtype, device=first.device)


def shorten(model: nn.Module, blocks: Iterable[Block]) -> nn.Module:
    """Copy a network without some blocks; it stays of its class.

    Args:
        model: the network; untouched.
        blocks: what goes, as ``removable`` found it in this network.
    """
    shorter = copy.deepcopy(model)
    _replace(shorter, outermost(pair for block in blocks for pair in block.replaced))
    return shorter


def _replace(model: nn.Module, replaced: Mapping[str, str]) -> None:
    for path, what in replaced.items():
        model.set_submodule(path, nn.Identity() if what == IDENTITY else Nothing())


def outermost(replaced: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Leave out modules inside of others that are replaced."""
    kinds = dict(replaced)
    return {path: what for path, what in kinds.items() if not any(path.startswith(f"{other}.") for other in kinds)}


def removable(model: nn.Module, example: Tensor) -> Iterator[tuple[Block, ...] | None]:
    """Find the parts whose input and output shapes agree: residual branches, what is made of them, and single layers.

    Each is removed from the network's own modules, and kept in the list only where the network then answers as its
    recorded operations do without the part.

    Args:
        model: the network; untouched.
        example: real samples ``(batch, …)``, at least 2.

    Yields:
        ``None`` after each part that was tried, so that others have their turn between; last the blocks, in execution
        order.
    """
    finder = _Finder(copy.deepcopy(model).eval(), trace(model, example), example)
    branches: list[_Part] = []
    others: list[_Part] = []
    yield from finder.prove(finder.branches(), branches)
    yield from finder.prove(finder.modules_of(branches), others)
    inside = {layer for part in branches for layer in part.block.layers}
    yield from finder.prove((part for part in finder.layers() if not inside & {*part.block.layers}), others)
    order = {layer.name: position for position, layer in enumerate(finder.calls)}
    blocks = sorted((part.block for part in (*others, *branches)), key=lambda block: order[block.layers[0]])
    yield tuple(blocks)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A block, what its removal puts in the place of values, and the modules that may bring that about."""

    block: Block
    instead: Mapping[fx.Node, Callable[[Values], Tensor]]
    ways: Sequence[tuple[tuple[str, str], ...]] = ()


class _Finder:
    def __init__(self, model: nn.Module, traced: Trace, example: Tensor) -> None:
        self.model, self.traced, self.example = model, traced, example
        self.calls = find_layers(traced)
        self._tensors = dict(named_tensors(model))
        read = [traced.tensors[n] for n in traced.graph.nodes if n in traced.tensors and n.users]
        paths = [path for path, _ in model.named_modules() if path]
        self._own = {path: own for path in paths if (own := {name for name in read if name.startswith(f"{path}.")})}

    def branches(self) -> Iterator[_Part]:
        """Propose what lies between a value and its addition to itself, changed."""
        for block, branch, between in find_branches(self.traced, self.calls):
            yield _Part(block, {branch: lambda values, node=branch: _zeros(node)}, list(self._ways(between)))  # type: ignore[misc]

    def modules_of(self, branches: Sequence[_Part]) -> Iterator[_Part]:
        """Propose modules that are made of branches only, such as a transformer's block."""
        loose = [part for part in branches if any(what == NOTHING for _, what in part.block.replaced)]
        layers = [layer.name for layer in self.calls]
        taken: list[str] = []
        for path in sorted({p for part in loose for p in _parents(part.block.layers[0])}, key=len, reverse=True):
            own = {name for name in layers if name.startswith(f"{path}.")}
            inner = [part for part in loose if own >= {*part.block.layers}]
            if len(inner) < 2 or own != {n for part in inner for n in part.block.layers}:
                continue
            if any(other.startswith(f"{path}.") for other in taken):
                continue
            taken.append(path)
            instead = {node: value for part in inner for node, value in part.instead.items()}
            block = Block(path, tuple(name for name in layers if name in own))
            yield _Part(block, instead, [((path, IDENTITY),)])

    def layers(self) -> Iterator[_Part]:
        """Propose single layers whose output has the shape of their input, with the normalisation behind them."""
        for layer in self.calls:
            node = layer.nodes[0] if len(layer.nodes) == 1 else None
            source = node.args[0] if node is not None and node.args else None
            if node is None or not isinstance(source, fx.Node) or shape_of(source) != shape_of(node):
                continue
            last = node
            followers = list(node.users)
            if len(followers) == 1 and (call := bind(followers[0])) is not None and "norm" in call.op:
                last = followers[0]
            paths = self._cover([node, last])
            yield _Part(
                Block(layer.name, (layer.name,)),
                {last: lambda values, node=source: values[node]},  # type: ignore[misc]
                [tuple((path, IDENTITY) for path in paths)],
            )

    def prove(self, parts: Iterable[_Part], accepted: list[_Part]) -> Iterator[None]:
        """Add the parts that can be removed to those accepted, one at a step."""
        for part in parts:
            with torch.no_grad():
                proven = self._proven(part)
            if proven is not None:
                accepted.append(proven)
            yield

    def _proven(self, part: _Part) -> _Part | None:
        """Return a part with the first way to remove it that the network follows; ``None`` where none does."""
        expected = self._run(part.instead)
        for way in part.ways:
            block = replace(part.block, replaced=way)
            try:
                output = self._without(outermost(way))
            except Exception:  # whatever the network's own code says to another shape
                continue
            if isinstance(output, Tensor) and output.shape == expected.shape and _close(output, expected):
                return replace(part, block=replace(block, name=self._name(block)))
        return None

    def _without(self, replaced: Mapping[str, str]) -> Any:
        """Run the finder's own copy of the network with stand-ins, then put everything back: copies take far longer."""
        taken = {path: self.model.get_submodule(path) for path in replaced}
        try:
            _replace(self.model, replaced)
            return self.model(self.example)
        finally:
            for path, module in taken.items():
                self.model.set_submodule(path, module)

    def _name(self, block: Block) -> str:
        """Name a block by its path, or, where other layers share that, by all of its layers."""
        shared = any(c.name.startswith(f"{block.name}.") and c.name not in block.layers for c in self.calls)
        if shared or (block.name in block.layers and len(block.layers) > 1):
            parent = block.layers[0].rpartition(".")[0]
            return "+".join([block.layers[0], *(name.removeprefix(f"{parent}.") for name in block.layers[1:])])
        return block.name

    def _ways(self, between: Sequence[fx.Node]) -> Iterator[tuple[tuple[str, str], ...]]:
        """Propose what could stand in for the modules of a branch."""
        paths = self._cover(between)
        if not paths:
            return
        if len(paths) == 1:
            yield ((paths[0], IDENTITY),)
        yield (*((path, IDENTITY) for path in paths[:-1]), (paths[-1], NOTHING))

    def _cover(self, nodes: Sequence[fx.Node]) -> list[str]:
        """Name the largest modules all of whose tensors these values read, in the order in which they are read."""
        inside = set(nodes)
        order = [n for node in self.traced.graph.nodes if node in inside for n in node.all_input_nodes]
        read = list(dict.fromkeys(self.traced.tensors[node] for node in order if node in self.traced.tensors))
        needed, paths = set(read), list[str]()
        for path, own in self._own.items():
            if own <= needed and not any(path.startswith(f"{other}.") for other in paths):
                paths.append(path)
        first = {path: min(read.index(n) for n in read if n.startswith(f"{path}.")) for path in paths}
        return sorted(paths, key=first.__getitem__)

    def _run(self, instead: Mapping[fx.Node, Callable[[Values], Tensor]]) -> Tensor:
        """Run the recorded operations with other values in some places."""
        values: Values = {}
        for node in self.traced.graph.nodes:
            if node.op == "placeholder":
                name = self.traced.tensors.get(node)
                values[node] = self.example if name is None else self._tensors[name]
            elif node.op == "get_attr":
                values[node] = self.traced.constants[node]
            elif node.op == "output":
                (answer,) = node.all_input_nodes
                output: Tensor = values[answer]
                return output
            elif node in instead:
                values[node] = instead[node](values)
            else:
                args, kwargs = fx.map_arg((node.args, node.kwargs), values.__getitem__)
                values[node] = node.target(*args, **kwargs)
        raise AssertionError("a graph ends with its output")


def _zeros(node: fx.Node) -> Tensor:
    return torch.zeros(shape_of(node), dtype=node.meta["val"].dtype)


def _close(output: Tensor, expected: Tensor) -> bool:
    return bool(torch.allclose(output, expected, rtol=0.0, atol=TOLERANCE * max(1.0, float(expected.abs().max()))))


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts)))
