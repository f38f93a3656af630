"""A chart with the same data as a table beneath it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from prunekit.ui.state.session import keyed, once, shown
from prunekit.ui.widgets.table import Rows, table

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

QUIET = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
TALL = 720
"""Pixels from which a chart scrolls in a window of its own, so that the page below it stays near."""


def chart(figure: "go.Figure", rows: Rows | Callable[[], Rows], name: str, alt: str) -> None:
    """Draw a chart and, beneath it, the table of its data.

    Args:
        figure: the chart; its title asks the question it answers.
        rows: the same data as a table; where it is long, what makes it once somebody opens it.
        name: names both on the page and the downloaded file.
        alt: what the chart shows, for those who cannot see it.
    """
    with st.container(border=True):
        with _room(figure):
            st.plotly_chart(figure, theme="streamlit", key=f"chart-{name}", alt=alt, config=QUIET)
        _twin(rows, name, alt)


def choosing_chart(
    figure: "go.Figure",
    rows: Rows | Callable[[], Rows],
    name: str,
    alt: str,
    choose: Callable[[str], None],
    names: Sequence[str] | None = None,
    state: Hashable = None,
) -> None:
    """Draw a chart whose markers or bars can be clicked.

    Args:
        figure: the chart; the ``customdata`` of what can be clicked are names or numbers.
        rows: the same data as a table; where it is long, what makes it once somebody opens it.
        name: names both on the page and the downloaded file.
        alt: what the chart shows.
        choose: takes what was clicked, as text; the page runs again afterwards.
        names: the name that each row of the table chooses as well; ``None`` where rows are no choice.
        state: what a click changes, for clicks that switch something on and off: each click then counts once, and
            the same mark can be clicked again.
    """
    widget = f"chart-{name}"
    key = widget if state is None else keyed(widget, state)

    def take() -> None:
        mark = clicked(shown(key) if state is None else once(widget, key))
        if mark is not None:
            choose(mark)
            st.rerun()

    with st.container(border=True):
        with _room(figure):
            st.plotly_chart(
                figure,
                theme="streamlit",
                key=key,
                alt=alt,
                config=QUIET,
                on_select=take,
                selection_mode="points",
            )
        _twin(rows, name, alt, (lambda row: choose(names[row])) if names else None)


def clicked(selection: Mapping[str, Any] | None) -> str | None:
    """Return what a chart's selection says was clicked, by its ``customdata``.

    Example:
        >>> clicked({"selection": {"points": [{"customdata": 0}]}})
        '0'
    """
    points = (selection or {}).get("selection", {}).get("points", [])
    mark = points[0].get("customdata") if points else None
    if isinstance(mark, list | tuple):
        mark = mark[0] if mark else None
    return None if mark is None else str(mark)


def _room(figure: "go.Figure") -> "DeltaGenerator":
    return st.container(height=TALL if (figure.layout.height or 0) > TALL else "content", border=False)


def _twin(rows: Rows | Callable[[], Rows], name: str, alt: str, choose: Callable[[int], None] | None = None) -> None:
    label, icon = "As a table", ":material/table:"
    if callable(rows):
        with st.expander(label, icon=icon, type="compact", key=f"twin-{name}", on_change="rerun") as twin:
            if twin.open:
                table(rows(), name, alt, choose=choose)
    elif rows:
        with st.expander(label, icon=icon, type="compact"):
            table(rows, name, alt, choose=choose)
