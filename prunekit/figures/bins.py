"""Arithmetic on binned weights that several charts share."""

from prunekit.records import Histogram


def width(found: Histogram) -> float:
    """Return how wide every bin is."""
    return (found.high - found.low) / len(found.counts)


def centres(found: Histogram) -> list[float]:
    """Return the middle of every bin.

    Example:
        >>> centres(Histogram("fc", -1.0, 1.0, (2, 3), n=5, zeros=1))
        [-0.5, 0.5]
    """
    return [found.low + (i + 0.5) * width(found) for i in range(len(found.counts))]


def without(found: Histogram, zeros: int) -> list[int]:
    """Return the counts less so many zeros, which lie in one bin; of two whose edge 0 is, in the right one.

    Example:
        >>> without(Histogram("fc", -1.0, 1.0, (2, 3), n=5, zeros=1), 1)
        [2, 2]
    """
    edge, step = found.low, width(found)
    return [
        count - (zeros if edge + i * step <= 0 < edge + (i + 1) * step else 0) for i, count in enumerate(found.counts)
    ]
