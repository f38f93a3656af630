"""Harm curves: how much harm a scan measured for cutting one group or layer alone."""

from collections.abc import Sequence

from prunekit.records import Point

Curve = list[tuple[float, float]]
"""``(sparsity, harm)``, rising in both, from the dense network on."""


def harm_curves(points: Sequence[Point]) -> dict[str, Curve]:
    """Collect the harm of each name: the KL divergence to the dense output, in nats.

    Accuracy would not do: its noise at low sparsity looks like sparsity for free.

    Args:
        points: a scan's points, all of one mode.

    Returns:
        Group or layer → its curve; a point that seems to do less harm than a milder one does as much.
    """
    curves: dict[str, Curve] = {}
    for point in sorted(points, key=lambda point: point.level):
        if point.reading.kl is not None:
            curve = curves.setdefault(point.name, [(0.0, 0.0)])
            curve.append((point.level, max(point.reading.kl, curve[-1][1])))
    return curves
