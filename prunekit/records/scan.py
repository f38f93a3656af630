"""What a scan measures."""

from dataclasses import dataclass

from prunekit.records.modes import Mode
from prunekit.records.reading import Reading


@dataclass(frozen=True, slots=True)
class Point:
    """One cell of a scan: one group or layer cut alone.

    Attributes:
        kind: what ``name`` is: a group (``channels``) or a layer (``weights``).
        name: the group or layer.
        level: sparsity asked, a fraction 0–1.
        reading: what was measured there.
    """

    kind: Mode
    name: str
    level: float
    reading: Reading
