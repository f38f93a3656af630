"""How far each group can be cut alone, and which levels of a scan say nothing of it."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT
from prunekit.recipe import kept_units
from prunekit.records import Point

ADVICE = "Start a scan to see how each group takes being cut alone."


def ranking(
    points: Sequence[Point],
    names: Sequence[str],
    limit: float = 0.05,
    units: Mapping[str, int] | None = None,
    protected: Mapping[str, str] | None = None,
) -> go.Figure:
    """Draw how far each group goes before its output leaves the dense network's.

    Args:
        points: what was measured.
        names: the groups that can be cut; a protected one is never ranked.
        limit: KL divergence in nats that counts as having left.
        units: units of each group, or weights of each layer, as for ``ranking_table``.
        protected: groups that cannot be cut, each with its reason, named below the chart.
    """
    title = "Where can I cut first?"
    rows = ranking_table(points, names, limit, units)
    if not rows:
        return nothing_yet(title, ADVICE)
    axis = f"largest measured sparsity with KL ≤ {limit:g} nats, %"
    made = figure(title, 110 + 24 * len(rows), axis + besides(protected))
    labels = [plain(str(row["name"])) for row in rows]
    shares = [None if row["sparsity"] is None else 100 * float(str(row["sparsity"])) for row in rows]
    said = [str(row["status"]) if share is None else f"{share:.0f} %" for share, row in zip(shares, rows, strict=True)]
    made.add_bar(
        x=[share or 0.0 for share in shares],
        y=labels,
        orientation="h",
        marker={"color": KEPT},
        text=["" if share else words for share, words in zip(shares, said, strict=True)],
        textposition="outside",
        hovertext=said,
        hovertemplate="%{y}: %{hovertext}<extra></extra>",
    )
    made.update_layout(
        xaxis={"range": [0, 100]},
        yaxis={"autorange": "reversed", "tickvals": labels, "ticktext": [short(str(row["name"])) for row in rows]},
    )
    return made


def ranking_table(
    points: Sequence[Point], names: Sequence[str], limit: float = 0.05, units: Mapping[str, int] | None = None
) -> list[Row]:
    """Rank the groups that were measured: the one that goes farthest first, one that nothing is known of last.

    A level at which nothing is removed says nothing of a group, and is left out.

    Args:
        points: what was measured.
        names: the groups that can be cut.
        limit: KL divergence in nats that counts as having left the dense network's output.
        units: units of each group, or weights of each layer. Of one that is not named, a level removes
            nothing where the KL divergence is exactly 0.
    """
    rows = []
    for name in names:
        own = [(point.level, point.reading.kl) for point in points if point.name == name]
        if own:
            rows.append({"name": name, **_reach(own, limit, (units or {}).get(name))})
    return sorted(rows, key=lambda row: -1.0 if row["sparsity"] is None else float(str(row["sparsity"])), reverse=True)


def _reach(own: Sequence[tuple[float, float | None]], limit: float, size: int | None) -> Row:
    """Say how far one group goes, from its levels and KL divergences."""
    by_level = sorted(own, key=lambda found: found[0])
    cut = [(level, kl) for level, kl in by_level if removes(level, kl, size)]
    read = [(level, kl) for level, kl in cut if kl is not None]
    if not read:
        status = "not measured" if cut else "no level removes anything"
        return {"sparsity": None, "KL at the lowest level": None, "status": status}
    safe = [level for level, _ in takewhile(lambda found: found[1] <= limit, read)]
    return {"sparsity": max(safe, default=0.0), "KL at the lowest level": read[0][1], "status": "measured"}


def removes(level: float, kl: float | None, size: int | None) -> bool:
    """Say whether a level removes anything, from the count of units, or without it from the KL divergence."""
    return kl != 0 if size is None else kept_units(size, level) < size


def besides(protected: Mapping[str, str] | None) -> str:
    """Name the groups that are not in a chart because they cannot be cut."""
    named = [f"{short(name)} ({short(reason, 40)})" for name, reason in (protected or {}).items()]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"<br>protected: {', '.join(named[:3])}{more}" if named else ""
