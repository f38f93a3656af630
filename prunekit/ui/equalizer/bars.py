"""The bars as plain values for the browser: one for each group that is cut, or for each layer whose weights are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prunekit.records import Point
from prunekit.ui.state.rows import Row

if TYPE_CHECKING:
    from prunekit.graph import Structure

GONE = "removed with its block"
ROUGH = 0.01
"""Half of a 95 % interval, a fraction of the metric, beyond which a point is marked as rough."""
FLOAT = 32
"""Bits of a weight that nobody quantises."""
Loss = tuple[float, float, float, bool]
"""A sparsity, what it alone loses in points, its KL divergence in nats, and whether the points are rough."""


def bars(
    rows: Sequence[Row],
    structure: "Structure",
    losses: Mapping[str, Sequence[Loss]],
    bits: Mapping[str, int] | None = None,
    without_blocks: "Structure | None" = None,
) -> list[dict[str, Any]]:
    """Describe one bar for each slider, in execution order; layers that are cut together share one.

    Args:
        rows: what each layer's slider shows.
        structure: the analysis of the dense network.
        losses: see ``losses``.
        bits: bits of each layer whose weights are quantised.
        without_blocks: the analysis of the network without its removed blocks.
    """
    present = {layer.name for layer in (without_blocks or structure).layers}
    by_slider: dict[str, list[Row]] = {}
    for row in rows:
        by_slider.setdefault(row.cuts, []).append(row)
    return [
        _bar([row for row in tied if row.layer in present] or tied, structure, losses.get(key), bits or {}, present)
        for key, tied in by_slider.items()
    ]


def _bar(
    tied: Sequence[Row],
    structure: "Structure",
    lost: Sequence[Loss] | None,
    bits: Mapping[str, int],
    present: set[str],
) -> dict[str, Any]:
    row, is_present = tied[0], tied[0].layer in present
    shapes = {layer.name: "×".join(map(str, layer.shape)) for layer in structure.layers}
    locked = row.reason if row.protected else "too small to cut" if row.pieces < 2 else ""
    stored = [str(bits.get(each.layer, FLOAT)) for each in tied] if is_present else []
    return {
        "name": row.layer,
        "layers": [{"name": each.layer, "shape": shapes[each.layer]} for each in tied],
        "key": row.cuts,
        "stage": row.layer.partition(".")[0],
        "units": row.pieces,
        "unit": row.unit,
        "floor": row.lowest,
        "gone": row.gone,
        "left": row.pieces - round(row.gone * row.pieces),
        "zeroed": row.floor if row.unit == "weights" else 0.0,
        "bits": "/".join(dict.fromkeys(stored)) if {*stored} - {str(FLOAT)} else "",
        "protected": locked if is_present else GONE,
        "linked": row.reason if (row.linked or row.gone) and not row.protected else "",
        "lost": lost,
    }


def stages(rows: Sequence[Row]) -> list[str]:
    """Name the stages: first parts of the layers' names that several layers share."""
    first = [row.layer.partition(".")[0] for row in rows]
    return [name for name in dict.fromkeys(first) if first.count(name) > 1]


def losses(points: Iterable[Point], dense: Mapping[int, float], higher_is_better: bool = True) -> dict[str, list[Loss]]:
    """Return what cutting each group or layer alone loses, by rising sparsity.

    Args:
        points: what was scanned.
        dense: the metric of the network before the cut, by the number of samples it was measured on.
        higher_is_better: whether a higher metric is better.

    Returns:
        The losses of each name; a point on samples that nothing is known of the dense network on is compared with the
        largest number of them.
    """
    by_name: dict[str, list[Point]] = {}
    for point in sorted(points, key=lambda point: point.level) if dense else ():
        by_name.setdefault(point.name, []).append(point)
    return {name: _losses(known, dense, higher_is_better) for name, known in by_name.items()}


def _losses(points: Sequence[Point], dense: Mapping[int, float], higher_is_better: bool) -> list[Loss]:
    sign = 100 if higher_is_better else -100
    lost = [sign * (dense.get(p.reading.n, dense[max(dense)]) - p.reading.value) for p in points]
    widths = [high - low for low, high in (p.reading.interval or (0.0, 1.0) for p in points)]
    return [
        (point.level, round(loss, 2), point.reading.kl or 0.0, width > 2 * ROUGH)
        for point, loss, width in zip(points, rising(lost), widths, strict=True)
    ]


def rising(values: Sequence[float]) -> list[float]:
    """Return the rising values that are nearest to some, by least squares: a deeper cut does not lose less.

    Source: Ayer, Brunk, Ewing, Reid and Silverman, An Empirical Distribution Function for Sampling with Incomplete
    Information, 1955 (pooling adjacent violators).

    Example:
        >>> rising([0.0, 6.0, 0.0, 3.0, 9.0])
        [0.0, 3.0, 3.0, 3.0, 9.0]
    """
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        pools.append((mean, size))
    return [mean for mean, size in pools for _ in range(size)]
