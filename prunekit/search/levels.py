"""Which sparsities a scan tries, and in which order."""

from collections.abc import Sequence

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def spread(levels: Sequence[float]) -> list[float]:
    """Order levels so that the first few already span the range.

    The middle one comes first, then always the one farthest from those before it, the higher of two.

    Example:
        >>> spread([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        [0.5, 0.9, 0.1, 0.7, 0.3, 0.8, 0.6, 0.4, 0.2]
    """
    remaining = sorted(set(levels))
    order = [remaining.pop(len(remaining) // 2)] if remaining else []
    while remaining:
        farthest = max(remaining, key=lambda level: (round(min(abs(level - done) for done in order), 9), level))
        remaining.remove(farthest)
        order.append(farthest)
    return order
