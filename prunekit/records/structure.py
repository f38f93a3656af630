"""A network's parts and counts: what is cut together, and what it costs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One dimension of one tensor whose positions a group cuts."""

    tensor: str
    dim: int


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that must be removed together.

    Attributes:
        name: module path of the first producer.
        kind: ``channel``, or ``head`` where a unit is a whole attention head.
        units: how many smallest removable pieces there are.
        layers: the layers whose outputs it cuts, in execution order.
        consumers: the layers whose inputs it cuts, in execution order.
        members: every tensor dimension it cuts.
        protected: why it cannot be cut, or ``None``.
        linked: why its layers move together; empty where it has one layer.
        statistics: a normalisation or softmax computes statistics over these channels, so
            the smaller network is not the masked one.
        graph_only: why the network's own class cannot lose these channels, where the graph recorded of it can; else
            empty.
    """

    name: str
    kind: str
    units: int
    layers: tuple[str, ...]
    consumers: tuple[str, ...]
    members: tuple[Member, ...]
    protected: str | None = None
    linked: str = ""
    statistics: bool = False
    graph_only: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation that holds a weight, in execution order.

    Attributes:
        name: module path, or the tensor's name for a functional weight.
        op: ``conv2d``, ``linear``, …
        weight: name of the weight tensor.
        shape: shape of the weight.
        params: weight and bias entries.
        macs: multiply-accumulates for one input.
        group: the group of its output channels.
        protected: why its output channels cannot be cut, or ``None``.
    """

    name: str
    op: str
    weight: str
    shape: tuple[int, ...]
    params: int
    macs: int
    group: str
    protected: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A part that can be removed whole because its input and output shapes agree.

    Attributes:
        name: path of its module, or what its layers' paths have in common.
        layers: the layers that go with it, in execution order.
        replaced: module path → what stands in for it (``identity`` or ``nothing``) once the block is removed.
    """

    name: str
    layers: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """Exact counts of a network: parameters, MACs for one input, bytes of parameters and persistent buffers."""

    params: int
    macs: int
    bytes: int

    @property
    def flops(self) -> int:
        """Floating-point operations for one input: two for each multiply-accumulate."""
        return 2 * self.macs
