"""Arithmetic on binned weights that several charts share."""

from prunekit.records import Histogram


def width(histogram: Histogram) -> float:
    """Return how wide every bin is."""
    return (histogram.high - histogram.low) / len(histogram.counts)


def centres(histogram: Histogram) -> list[float]:
    """Return the middle of every bin.

    Example:
        >>> centres(Histogram("fc", -1.0, 1.0, (2, 3), n=5, zeros=1))
        [-0.5, 0.5]
    """
    return [histogram.low + (i + 0.5) * width(histogram) for i in range(len(histogram.counts))]


def without(histogram: Histogram, zeros: int) -> list[int]:
    """Return the counts without some of the zeros, all of which are in the bin that begins at or contains 0.

    Example:
        >>> without(Histogram("fc", -1.0, 1.0, (2, 3), n=5, zeros=1), 1)
        [2, 2]
    """
    edge, step = histogram.low, width(histogram)
    return [
        count - (zeros if edge + i * step <= 0 < edge + (i + 1) * step else 0)
        for i, count in enumerate(histogram.counts)
    ]
