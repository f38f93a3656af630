"""What a layer cut alone costs, in three bands: under 1, 1 to 5 and over 5 points of the task's metric.

The bands are one language for every page: a cell or a bar has the colour of its band and can be read without it, by the
band's word. The colours let the page shine through, so the same ones are pale on a white page and deep on a dark
one, and on either stand the further from the page the more is lost, for every form of colour vision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Band:
    """What may be lost for a cut to count as safe, costly or harmful.

    Attributes:
        upto: points of the metric below the dense network's, in percentage points, where the band ends.
        name: the word for it.
        label: the same in numbers, as a legend writes it.
        colour: a CSS colour, to be laid on the page's own.
    """

    upto: float
    name: str
    label: str
    colour: str


SAFE = Band(1.0, "safe", "under 1 point", "rgba(138,148,166,0.2)")
COSTLY = Band(5.0, "costly", "1 to 5 points", "rgba(224,123,20,0.47)")
HARMFUL = Band(float("inf"), "harmful", "over 5 points", "rgba(218,86,0,0.9)")
BANDS = (SAFE, COSTLY, HARMFUL)
"""The bands, from the least that is lost to the most."""


def band_of(points_lost: float) -> Band:
    """Return the band of a cut by the points that the network loses.

    Args:
        points_lost: the dense network's metric less the cut one's, in percentage points; a gain is negative.

    Example:
        >>> band_of(-0.3).name, band_of(1.0).label, band_of(5.0).label, band_of(5.1).name
        ('safe', '1 to 5 points', '1 to 5 points', 'harmful')
    """
    lost = round(points_lost, 9)  # a difference of two fractions misses whole points by the last bits of a float
    if lost < SAFE.upto:
        return SAFE
    return COSTLY if lost <= COSTLY.upto else HARMFUL


def ends(curve: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the sparsities up to which a layer, cut alone, is safe and costly, on straight lines between its points.

    A deeper cut that happens to lose less is no further in a milder band than the first that loses more.

    Args:
        curve: ``(sparsity, points lost)``, by rising sparsity; where nothing is cut nothing is lost.

    Example:
        >>> ends([(0.25, 0.0), (0.5, 2.0), (0.75, 6.0)])
        (0.375, 0.6875)
    """
    safe, costly = (_reach(curve, band.upto) for band in (SAFE, COSTLY))
    return safe, costly


def _reach(curve: Sequence[tuple[float, float]], most: float) -> float:
    for (before, less), (after, more) in pairwise([(0.0, 0.0), *curve]):
        if round(more, 9) > most:
            return before + (after - before) * (most - less) / (more - less)
    return curve[-1][0] if curve else 0.0
