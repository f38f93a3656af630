"""Channel labels: which positions of which tensors must be removed together.

Every position of every weight dimension is an *atom*. Rules walk the graph and *couple* the atoms
that one operation forces together; components of coupled atoms are the removable units.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import fx

Atoms = NDArray[np.int64]
Dim = Atoms | str
"""A dimension's atoms, one for each position, or the reason in words why it has none."""
Dims = list[Dim]

POSITION = "positions are not channels"
HEAD_AXIS = "head_axis"
"""Key of the meta of a reshape or an expansion: the dimension of its value that numbers attention heads."""
CHANNEL_AXIS = "channel_axis"
"""Key of a reshape's meta: the output dimension that is read as channels later, by a convolution for example."""
STATISTIC = "statistic"
"""Key of the meta of a reduction: it normalises the channels that it is taken of."""
OF_WEIGHTS = "of_weights"
"""Key of the meta of a reduction that reads no more than weights."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation with its arguments by the names of its schema."""

    node: fx.Node
    op: str
    args: dict[str, Any]
    shape: tuple[int, ...]

    def has(self, name: str) -> bool:
        """Whether the argument is a tensor of the graph."""
        return isinstance(self.args.get(name), fx.Node)


class Unsupported(Exception):
    """A rule cannot label this form of its operation."""


@dataclass(slots=True)
class Labels:
    """The atoms of every value in a graph and what binds them.

    Attributes:
        of: the dimensions of each value; a list of them for operations with several results.
        pairs: atoms that were coupled.
        frozen: atoms that may not be removed, with the reason.
        statistics: atoms that a normalisation averages over.
        heads: atoms that stand for attention heads.
        fixed: atoms of dimensions in which the code names channels by number, with the operation: the network's own
            class would take others for them after a cut.
        links: an atom of a coupling and the operation that made it.
        unknown: operations without a rule.
    """

    of: dict[fx.Node, Any] = field(default_factory=dict)
    pairs: list[tuple[Atoms, Atoms]] = field(default_factory=list)
    frozen: list[tuple[Atoms, str]] = field(default_factory=list)
    statistics: list[Atoms] = field(default_factory=list)
    heads: list[Atoms] = field(default_factory=list)
    fixed: list[tuple[Atoms, str]] = field(default_factory=list)
    links: list[tuple[int, fx.Node]] = field(default_factory=list)
    unknown: dict[str, None] = field(default_factory=dict)
    count: int = 0

    def fresh(self, n: int) -> Atoms:
        """Return ``n`` new atoms."""
        self.count += n
        return np.arange(self.count - n, self.count, dtype=np.int64)

    def filled(self, shape: Sequence[int]) -> Dims:
        """Return dimensions of a value that is the same number everywhere: any of their positions may go."""
        return [self.fresh(size) if size > 1 else POSITION for size in shape]

    def dims(self, call: Call, name: str) -> Dims:
        """Return the dimensions of an argument."""
        return list(self.of[call.args[name]])

    def couple(self, a: Dim, b: Dim) -> Dim:
        """Bind two dimensions position by position; one without atoms freezes the other."""
        if isinstance(a, str):
            self.freeze(b, a)
            return a
        if isinstance(b, str):
            self.freeze(a, b)
            return b
        if len(a) != len(b):
            raise Unsupported
        self.pairs.append((a, b))
        return a

    def merge(self, rows: Atoms) -> Atoms:
        """Bind the columns of a ``(copies, positions)`` table and return one atom for each position."""
        for row in rows[1:]:
            self.pairs.append((rows[0], row))
        merged: Atoms = rows[0]
        return merged

    def mark(self) -> tuple[int, ...]:
        """Return a mark of what was remarked so far, for ``forget``."""
        return tuple(map(len, self._remarks()))

    def forget(self, mark: tuple[int, ...]) -> None:
        """Drop what was remarked of channels since a mark; couplings stay, without which no operation could run."""
        for remarks, length in zip(self._remarks(), mark, strict=True):
            del remarks[length:]

    def _remarks(self) -> tuple[list[Any], ...]:
        return (self.frozen, self.statistics, self.heads, self.fixed)

    def freeze(self, dim: Dim, reason: str) -> None:
        """Forbid removing any position of a dimension."""
        if not isinstance(dim, str):
            self.frozen.append((dim, reason))

    def freeze_all(self, value: Any, reason: str) -> None:
        """Freeze every dimension of a value, or of each of several results."""
        for dim in value or ():
            if isinstance(dim, list):
                self.freeze_all(dim, reason)
            else:
                self.freeze(dim, reason)


def dims_in(value: Any) -> Iterator[Dim]:
    """Yield the dimensions of a value, or of each of several results."""
    for dim in value or ():
        if isinstance(dim, list):
            yield from dims_in(dim)
        elif dim is not None:
            yield dim


def components(labels: Labels) -> Atoms:
    """Return for every atom the smallest atom it is coupled with, directly or not.

    Larger roots are hooked under smaller ones and paths halved until nothing moves: a few passes
    of whole-array arithmetic, whatever the size of the network.
    """
    root = np.arange(labels.count, dtype=np.int64)
    if not labels.pairs:
        return root
    a = np.concatenate([pair[0] for pair in labels.pairs])
    b = np.concatenate([pair[1] for pair in labels.pairs])
    while True:
        ra, rb = root[a], root[b]
        differ = ra != rb
        if not differ.any():
            return root
        a, b, ra, rb = a[differ], b[differ], ra[differ], rb[differ]
        np.minimum.at(root, np.maximum(ra, rb), np.minimum(ra, rb))
        while (root[root] != root).any():
            root = root[root]
