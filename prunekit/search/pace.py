"""How long a scan takes."""

PACE = {"picture": 0.04, "within": 0.14, "exact": 0.25}
"""Time that a point takes, as a share of one pass over the samples: about what it was on bundled networks,
between which it differs by half to either side."""


def expected(dense: float, points: int, precision: str) -> float:
    """Estimate the seconds that a scan takes.

    Args:
        dense: seconds of one pass of the dense network over the samples.
        points: how many points it measures.
        precision: one of ``PACE``.

    Example:
        >>> expected(2.0, 100, "exact")
        50.0
    """
    return dense * PACE[precision] * points
