"""Where to cut first: what each group or layer, cut alone, costs for what it saves."""

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT, REMOVED
from prunekit.records import Rank

ADVICE = "Start a scan to see how each group takes being cut alone."
WORDS = {"macs": "MACs", "params": "parameters"}
LEAST = 1e-6
"""Nats for each 1 % saved; smaller values are drawn at this one."""


def ranking(ranks: Sequence[Rank], resource: str, protected: Mapping[str, str] | None = None) -> go.Figure:
    """Draw the harm of each group's cut for what it saves, the cheapest on top.

    Args:
        ranks: as they are ranked; a group that is protected, or that no level removes anything of, is not among them.
        resource: ``macs`` or ``params``, what is saved.
        protected: groups that cannot be cut, each with its reason, named below the chart.
    """
    title = "Where can I cut first?"
    if not ranks:
        return nothing_yet(title, ADVICE)
    axis = f"KL divergence for each 1 % of the {WORDS[resource]} saved, nats"
    chart = figure(title, 140 + 24 * len(ranks), axis + besides(protected), legend=True)
    for label, colour, symbol, is_allowed in (
        ("cut as far as the harm allowed", KEPT, "circle", True),
        ("mildest cut, more harm than allowed", REMOVED, "x", False),
    ):
        own = [rank for rank in ranks if rank.allowed is is_allowed]
        if own:
            chart.add_scatter(
                x=[max(LEAST, rank.rate) for rank in own],
                y=[plain(rank.name) for rank in own],
                mode="markers+text",
                name=label,
                marker={"color": colour, "symbol": symbol, "size": 10},
                text=[f"{100 * rank.level:.0f} %" for rank in own],
                textposition="middle right",
                hovertext=[_hover(rank, resource) for rank in own],
                hovertemplate="%{y}<br>%{hovertext}<extra></extra>",
            )
    powers = [math.log10(max(LEAST, rank.rate)) for rank in ranks]
    room = 0.1 * (max(powers) - min(powers)) + 0.1
    chart.update_layout(
        xaxis={"type": "log", "range": [min(powers) - room, max(powers) + 2.5 * room], "dtick": 1},
        yaxis={
            "categoryorder": "array",
            "categoryarray": [plain(rank.name) for rank in ranks],
            "range": [len(ranks) - 0.5, -0.5],
            "tickvals": [plain(rank.name) for rank in ranks],
            "ticktext": [short(rank.name, 22) for rank in ranks],
        },
    )
    return chart


def ranking_table(ranks: Sequence[Rank], resource: str) -> list[Row]:
    """Return the ranking in numbers."""
    return [
        {
            "rank": place,
            "name": rank.name,
            "sparsity": rank.level,
            "KL to dense, nats": rank.kl,
            f"{WORDS[resource]} saved, %": 100 * rank.saved,
            "KL for each 1 % saved, nats": rank.rate,
            "harmless": rank.allowed,
            "status": rank.status.value,
        }
        for place, rank in enumerate(ranks, 1)
    ]


def besides(protected: Mapping[str, str] | None) -> str:
    """Return a line for below a chart that names the groups which cannot be cut, each with its reason."""
    named = [f"{short(name)} ({short(reason, 40)})" for name, reason in (protected or {}).items()]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"<br>protected: {', '.join(named[:3])}{more}" if named else ""


def _hover(rank: Rank, resource: str) -> str:
    return (
        f"{100 * rank.level:.0f} % cut: KL {rank.kl:.4f} nats ({rank.status.value}), "
        f"{100 * rank.saved:.1f} % of the {WORDS[resource]} saved"
    )
