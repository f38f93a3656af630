"""What a network's weights, units and activations look like."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Histogram:
    """A layer's weights, binned on the server.

    Attributes:
        layer: the layer.
        low: left edge of the first bin.
        high: right edge of the last bin.
        counts: weights in each of the equally wide bins.
        n: weights in all.
        zeros: weights that are exactly 0.
    """

    layer: str
    low: float
    high: float
    counts: tuple[int, ...]
    n: int
    zeros: int


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer's weights before a recipe's cut and after it, all binned over one range.

    Attributes:
        dense: in the task's own network.
        start: in the network that the recipe cuts: the task's own, or a recovered run's.
        desk: in the network that the recipe asks for.
        threshold: no single weight of larger magnitude is zeroed; ``None`` where none is zeroed, or
            another criterion than the magnitude chooses.
    """

    dense: Histogram
    start: Histogram
    desk: Histogram
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """The weights that one slider cuts, binned by their value and by when they go.

    Attributes:
        name: the group or layer.
        reach: the bins span from ``-reach`` to ``reach``.
        counts: ``[step][bin]`` weights; the pieces of the first step go first, and all steps hold about as many.
    """

    name: str
    reach: float
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """A group's scores under one criterion, and what a recipe keeps of it.

    Attributes:
        group: the group.
        criterion: what scored it.
        values: one score for each unit; the lowest go first.
        kept: the units the recipe keeps.
        keep: the units that a person keeps whatever their score.
        drop: the units that a person drops whatever their score.
        gone: the units that the recipe's base has lost already.
    """

    group: str
    criterion: str
    values: tuple[float, ...]
    kept: tuple[int, ...]
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    gone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike criteria rank a group's units.

    Attributes:
        group: the group.
        units: how many units were ranked; chance alone reaches about 2 ÷ √units.
        criteria: the criteria that find something to read in the group.
        matrix: rank correlation (−1 to 1) of each criterion with each, in their order; ``None``
            where one ranks all units alike.
    """

    group: str
    units: int
    criteria: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """How much of a layer's output is zero when the next layer reads it.

    Attributes:
        layer: the layer.
        reader: the first layer that reads its output, after what stands between: normalisation,
            activation, addition, pooling.
        zeros: share of exact zeros, a fraction 0–1.
        channels: channels that are read.
        dead: how many of them are zero everywhere on all samples.
        n: samples.
    """

    layer: str
    reader: str
    zeros: float
    channels: int
    dead: int
    n: int


@dataclass(frozen=True, slots=True)
class Kernels:
    """A convolution's weights as small images.

    Attributes:
        layer: the convolution.
        channels: how many output channels it has; the images are of the first few.
        values: ``[output channel][input channel][row][column]``.
        kept: for each image whether a recipe keeps its output channel.
    """

    layer: str
    channels: int
    values: tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]
    kept: tuple[bool, ...]
