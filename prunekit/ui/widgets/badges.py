"""Small coloured labels: the status of a number, and how sensitive a layer is to being cut.

Every common form of colour vision tells blue, grey and orange apart, and the words alone say the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from prunekit.records import Point
from prunekit.ui.widgets.text import percent

BADGES = {
    "measured": ":blue-badge[measured]",
    "measuring": ":gray-badge[measuring]",
    "stale": ":orange-badge[stale]",
    "exact": ":gray-badge[exact]",
    "refused": ":orange-badge[refused]",
    "unproven": ":orange-badge[not yet proven]",
}
"""Status → its badge in Streamlit's markdown."""

MIDDLE = 0.5
"""The sparsity at which layers are compared."""
ROBUST, SENSITIVE = 0.1, 0.5
"""KL divergence from the dense output, in nats, up to which a layer is robust and from which it is sensitive."""


def delta_color(delta: str | None, higher_is_better: bool = False) -> Literal["blue", "orange"]:
    """Return the colour of a change that begins with its sign: blue for the better, orange for the worse.

    Example:
        >>> delta_color("-50.0 %"), delta_color("-0.6 points", higher_is_better=True)
        ('blue', 'orange')
    """
    return "blue" if (delta or "").startswith("+") is higher_is_better else "orange"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How sensitive one group or layer is to being cut alone.

    Attributes:
        word: robust, moderate or sensitive.
        color: the badge's colour.
        point: the measurement that says so.
    """

    word: str
    color: str
    point: Point

    @property
    def badge(self) -> str:
        """The word as a badge, with the accuracy behind it."""
        level, value = percent(self.point.level, 0), percent(self.point.reading.value)
        return f":{self.color}-badge[{self.word}: {value} at {level}]"


def sensitivities(points: Iterable[Point]) -> dict[str, Sensitivity]:
    """Judge every scanned group or layer by its point nearest to the middle."""
    nearest: dict[str, Point] = {}
    for point in points:
        known = nearest.get(point.name)
        if known is None or abs(point.level - MIDDLE) < abs(known.level - MIDDLE):
            nearest[point.name] = point
    return {name: _judged(point) for name, point in nearest.items() if abs(point.level - MIDDLE) < 0.15}


def _judged(point: Point) -> Sensitivity:
    harm = point.reading.kl or 0.0
    if harm <= ROBUST:
        return Sensitivity("robust", "blue", point)
    if harm < SENSITIVE:
        return Sensitivity("moderate", "gray", point)
    return Sensitivity("sensitive", "orange", point)
