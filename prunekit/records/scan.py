"""What a scan measures, and what it suggests."""

from collections.abc import Mapping
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
class Rank:
    """What cutting one group or layer alone, as far as is harmless, costs for what it saves.

    Attributes:
        name: the group or layer.
        level: the deepest level that does no more harm than is allowed; where none does, the mildest.
        kl: harm there, the KL divergence from the dense network's output in nats.
        saved: share of the resource that goes, a fraction 0–1 of the dense network's.
        allowed: whether the harm is within what is allowed.
        status: measured, estimated or interpolated.
    """

    name: str
    level: float
    kl: float
    saved: float
    allowed: bool
    status: Status

    @property
    def rate(self) -> float:
        """Harm in nats for each hundredth of the resource that is saved."""
        return self.kl / (100 * self.saved)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a scan suggests to cut first.

    Attributes:
        levels: group or layer → sparsity, in the order in which they were chosen.
        kl: the sum of the harms, each measured alone, in nats.
    """

    levels: Mapping[str, float]
    kl: float
