"""What removing one block alone does."""

from dataclasses import asdict, dataclass
from typing import Any

from prunekit.records.reading import Reading
from prunekit.records.structure import Block


@dataclass(frozen=True, slots=True)
class Removal:
    """One block taken out of the dense network alone.

    Attributes:
        block: the block.
        macs: share of the dense network's MACs that go with it, a fraction 0–1.
        influence: 1 − the mean cosine between the block's input and output; ``None`` where not known.
        reading: what was measured without it; ``None`` before.
        drop: what the metric changed by, a fraction; negative where it fell.
    """

    block: Block
    macs: float
    influence: float | None = None
    reading: Reading | None = None
    drop: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the removal as plain JSON values."""
        return asdict(self)
