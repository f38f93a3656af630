"""Whether the criteria rank a group's units alike."""

from collections.abc import Callable

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import SIGNED
from prunekit.records import Agreement


def agreement(correlations: Agreement, title_of: Callable[[str], str]) -> go.Figure:
    """Draw the rank correlation of each criterion with each.

    Args:
        correlations: the rank correlations of a group's units.
        title_of: what a criterion is called.
    """
    title = f"Do the criteria agree on what goes first in {plain(correlations.group)}?"
    if not correlations.criteria:
        return nothing_yet(title, "No criterion finds anything to rank in this group; choose another.")
    chart = figure(title, 170 + 44 * len(correlations.criteria))
    names = [plain(title_of(name)) for name in correlations.criteria]
    chart.add_heatmap(
        x=names,
        y=names,
        z=correlations.matrix,
        zmin=-1,
        zmax=1,
        colorscale=SIGNED,
        xgap=2,
        ygap=2,
        texttemplate="%{z:.2f}",
        hoverongaps=False,
        showscale=False,  # the cells show the numbers, and need the width
        hovertemplate=f"%{{y}} and %{{x}} on {correlations.units} units: %{{z:.2f}}<extra></extra>",
    )
    chart.update_xaxes(type="category", tickangle=-40)
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def agreement_table(correlations: Agreement) -> list[Row]:
    """Return one row for each pair of criteria."""
    return [
        {
            "criterion": a,
            "other criterion": b,
            "rank correlation": correlations.matrix[i][i + 1 + j],
            "units": correlations.units,
        }
        for i, a in enumerate(correlations.criteria)
        for j, b in enumerate(correlations.criteria[i + 1 :])
    ]
