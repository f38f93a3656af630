"""What a scan measures, and what it suggests."""

from dataclasses import dataclass

from prunekit.records.modes import Kind, Mode, Status
from prunekit.records.reading import Reading


@dataclass(frozen=True, slots=True)
class Point:
    """One cell of a scan: one group or layer cut alone.

    Attributes:
        kind: what ``name`` is: a group (``channels``), a layer (``weights``, ``bits``) or a block (``blocks``).
        name: the group, layer or block.
        level: sparsity, a fraction 0–1; for ``bits`` their number, for ``blocks`` 1, or 0 for the dense network.
        reading: what was measured there.
    """

    kind: Mode | Kind
    name: str
    level: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class Loss:
    """How much of the metric one group or layer costs, cut alone at one level.

    Attributes:
        points: percentage points that the network is worse than the dense one; negative where it is better.
        interval: 95 % interval of ``points``; of what ran on every sample of the split it is the value itself, and
            ``None`` where none is known.
        n: samples it was measured on.
        status: measured, estimated or interpolated.
    """

    points: float
    interval: tuple[float, float] | None
    n: int
    status: Status


@dataclass(frozen=True, slots=True)
class Rank:
    """What one group or layer, cut alone, gives for one point of the metric.

    Attributes:
        name: the group or layer.
        pieces: how many units or weights it has.
        removable: how many of them can go within one point; ``None`` where that is not measured yet.
        between: the fewest and the most that could go, by the intervals of what was measured; ``None`` where a level
            in question has none.
        status: ``measured`` or ``estimated`` where just so many were removed, else ``interpolated``.
        is_deepest: whether more was never tried, so that still more might go.
        macs: share of the network's MACs that this frees, a fraction 0–1.
        params: share of its parameters that this frees, or zeroes.
        half: what it loses where half of it goes; ``None`` where that is not measured yet.
        kl: the KL divergence from the dense network's output there, in nats.
    """

    name: str
    pieces: int
    removable: int | None = None
    between: tuple[int, int] | None = None
    status: Status = Status.INTERPOLATED
    is_deepest: bool = False
    macs: float = 0.0
    params: float = 0.0
    half: Loss | None = None
    kl: float | None = None
