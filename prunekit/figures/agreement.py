"""Whether the criteria rank a group's units alike."""

from collections.abc import Callable

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import SIGNED
from prunekit.records import Agreement


def agreement(found: Agreement, title_of: Callable[[str], str]) -> go.Figure:
    """Draw the rank correlation of each criterion with each.

    Args:
        found: the correlations.
        title_of: what a criterion is called.
    """
    title = f"Do the criteria agree on what goes first in {plain(found.group)}?"
    if not found.criteria:
        return nothing_yet(title, "No criterion finds anything to rank in this group; choose another.")
    made = figure(title, 170 + 44 * len(found.criteria))
    names = [plain(title_of(name)) for name in found.criteria]
    made.add_heatmap(
        x=names,
        y=names,
        z=found.matrix,
        zmin=-1,
        zmax=1,
        colorscale=SIGNED,
        xgap=2,
        ygap=2,
        texttemplate="%{z:.2f}",
        hoverongaps=False,
        showscale=False,  # the numbers stand in the cells, which need the room
        hovertemplate=f"%{{y}} and %{{x}} on {found.units} units: %{{z:.2f}}<extra></extra>",
    )
    made.update_xaxes(type="category", tickangle=-40)
    made.update_yaxes(type="category", autorange="reversed")
    return made


def agreement_table(found: Agreement) -> list[Row]:
    """Return one row for each pair of criteria."""
    return [
        {"criterion": a, "other criterion": b, "rank correlation": found.matrix[i][i + 1 + j], "units": found.units}
        for i, a in enumerate(found.criteria)
        for j, b in enumerate(found.criteria[i + 1 :])
    ]
