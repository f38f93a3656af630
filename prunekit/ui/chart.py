"""A chart with the same data as a table beneath it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.session import shown
from prunekit.ui.table import Rows, table

if TYPE_CHECKING:
    import plotly.graph_objects as go

QUIET = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def chart(figure: "go.Figure", rows: Rows, name: str, alt: str) -> None:
    """Draw a chart and its table twin.

    Args:
        figure: the chart; its title asks the question it answers.
        rows: the same data as a table.
        name: names both on the page and the downloaded file.
        alt: what the chart shows, for those who cannot see it.
    """
    with st.container(border=True):
        st.plotly_chart(figure, theme="streamlit", key=f"chart-{name}", alt=alt, config=QUIET)
        _twin(rows, name, alt)


def choosing_chart(
    figure: "go.Figure",
    rows: Rows | Callable[[], Rows],
    name: str,
    alt: str,
    choose: Callable[[str], None],
    names: Sequence[str] | None = None,
) -> None:
    """Draw a chart whose markers can be clicked.

    Args:
        figure: the chart; its markers' ``customdata`` are names.
        rows: the same data as a table; where it is long, what makes it once somebody opens it.
        name: names both on the page and the downloaded file.
        alt: what the chart shows.
        choose: takes the name that was clicked; the page runs again afterwards.
        names: the name that each row of the table chooses as well; ``None`` where rows are no choice.
    """
    key = f"chart-{name}"
    with st.container(border=True):
        st.plotly_chart(
            figure,
            theme="streamlit",
            key=key,
            alt=alt,
            config=QUIET,
            on_select=lambda: _clicked(key, choose),
            selection_mode="points",
        )
        _twin(rows, name, alt, (lambda row: choose(names[row])) if names else None)


def _clicked(key: str, choose: Callable[[str], None]) -> None:
    points = (shown(key) or {}).get("selection", {}).get("points", [])
    found = points[0].get("customdata") if points else None
    if found:
        choose(str(found[0] if isinstance(found, list | tuple) else found))
        st.rerun()


def _twin(rows: Rows | Callable[[], Rows], name: str, alt: str, choose: Callable[[int], None] | None = None) -> None:
    label, icon = "As a table", ":material/table:"
    if callable(rows):
        with st.expander(label, icon=icon, type="compact", key=f"twin-{name}", on_change="rerun") as twin:
            if twin.open:
                table(rows(), name, alt, choose=choose)
    elif rows:
        with st.expander(label, icon=icon, type="compact"):
            table(rows, name, alt, choose=choose)
