"""The battery: small networks of every architecture, each with a table of its groups written by hand.

A line of a table is ``name | units | members | fate``. Members are written as people say them: ``conv1>`` is what
conv1 makes (outputs of the weight, bias; of a recurrent layer its hidden units in all gates, layers and directions),
``>conv2`` what conv2 reads, ``bn1`` all tensors of a normalisation, and ``pos:2`` dimension 2 of the tensor ``pos``.
Fate is empty for a group that the network's own class can lose, ``graph`` where only the exported graph can, and else
the reason why it is protected.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from prunekit.records import Group, Member

Inputs = Tensor | tuple


@dataclass(frozen=True)
class Case:
    """A network of the battery: its class, the shapes of its inputs without the batch, and its table."""

    name: str
    factory: Callable[[], nn.Module]
    shapes: tuple
    tokens: int
    table: str

    def model(self, seed: int = 0) -> nn.Module:
        """Make the network in double precision with random weights and statistics; none is the identity."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = self.factory().double().eval()
            for name, tensor in net.named_parameters():
                fan = math.prod(tensor.shape[1:]) or 1
                nn.init.normal_(tensor, std=1.5 / math.sqrt(fan) if tensor.dim() > 1 else 0.5)
                if tensor.dim() == 1 and name.endswith("weight"):
                    nn.init.uniform_(tensor, 0.5, 1.5)
            for name, tensor in net.named_buffers():
                if name.endswith("running_mean"):
                    nn.init.normal_(tensor, std=0.3)
                elif name.endswith("running_var"):
                    nn.init.uniform_(tensor, 0.5, 1.5)
            return net

    def inputs(self, n: int = 3, seed: int = 0) -> Inputs:
        """Make ``n`` random samples: floats, or token numbers below ``tokens``."""
        generator = torch.Generator().manual_seed(seed)

        def fill(shape):
            if isinstance(shape, dict):
                return {key: fill(value) for key, value in shape.items()}
            if self.tokens:
                return torch.randint(self.tokens, (n, *shape), generator=generator)
            return torch.randn(n, *shape, generator=generator, dtype=torch.double)

        made = tuple(fill(shape) for shape in self.shapes)
        return made[0] if len(made) == 1 and isinstance(made[0], Tensor) else made


CASES: dict[str, Case] = {}


def net(table: str, *shapes, tokens: int = 0) -> Callable:
    """Put a network into the battery, with its table and the shapes of its inputs; images ``(3, 6, 6)`` by default."""

    def enter(factory):
        name = factory.__name__
        assert name not in CASES
        CASES[name] = Case(name, factory, shapes or ((3, 6, 6),), tokens, table)
        return factory

    return enter


Row = tuple[int, str, frozenset[Member], str]
"""Units, kind, members, fate."""


def expected(case: Case, net: nn.Module) -> dict[str, Row]:
    """Read a case's table."""
    rows: dict[str, Row] = {}
    for line in filter(str.strip, case.table.splitlines()):
        name, units, members, *fate = (part.strip() for part in line.split("|"))
        count, _, kind = units.partition(" ")
        found = {member for token in members.split() for member in _members(net, token)}
        rows[name] = (int(count), "head" if kind == "heads" else "channel", frozenset(found), fate[0] if fate else "")
    return rows


def found(group: Group) -> Row:
    """Write a group as a row of the table."""
    fate = group.protected or ("graph" if group.graph_only else "")
    return (group.units, group.kind, frozenset(group.members), fate)


def _recurrent(path: str, module: nn.Module, *, read: bool) -> list[Member]:
    """Write what a recurrent layer reads, or what its hidden units are: rows of all, and columns of what reads them."""
    first = ("weight_ih", "weight_ih_l0", "weight_ih_l0_reverse")
    columns = [name for name, _ in module.named_parameters() if name.startswith("weight") and (name in first) == read]
    rows = [] if read else [name for name, _ in module.named_parameters()]
    return [Member(f"{path}.{name}", 1) for name in columns] + [Member(f"{path}.{name}", 0) for name in rows]


def _members(net: nn.Module, token: str) -> list[Member]:
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    if ":" in token:
        name, _, dim = token.partition(":")
        assert name in tensors, name
        return [Member(name, int(dim))]
    path = token.strip(">")
    module = net.get_submodule(path)
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return _recurrent(path, module, read=token.startswith(">"))
    if token == path:
        return [Member(f"{path}.{leaf}", 0) for leaf in ("weight", "bias", "running_mean", "running_var")
                if f"{path}.{leaf}" in tensors]  # fmt: skip
    made = 1 if isinstance(module, nn.modules.conv._ConvTransposeNd | nn.Embedding) else 0
    if token.startswith(">"):
        return [Member(f"{path}.weight", 1 - made)]
    return [Member(f"{path}.weight", made), *([Member(f"{path}.bias", 0)] if f"{path}.bias" in tensors else [])]
