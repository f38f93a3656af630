"""Where to cut first: what each group or layer gives for one point of the metric, the most first."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Mode, Reading
from prunekit.ui.sensitivity.scanning import Scan
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

POINTS, SHARE = "%.1f", "%.1f"
FREED = "Of the whole network, by the closed formulas: exact."
HEIGHT = 330
"""Pixels of a long ranking, which then scrolls by itself."""


def first_cuts(
    opened: "Opened", scan: Scan, dense: Reading, protected: dict[str, str], choose: Callable[[str], None]
) -> None:
    """Draw the ranking, each row of which can be chosen.

    Args:
        opened: the task.
        scan: what is known of the desk's mode.
        dense: the dense network's reading by the scan's metric.
        protected: groups that cannot be cut, each with its reason.
        choose: takes the name of a row.
    """
    from prunekit.figures.ranking import ranking_table
    from prunekit.search.ranking import cut_first

    ranks = cut_first(scan.points, opened.structure, scan.mode, dense)
    tied = {group.name: [name for name in group.layers if name != group.name] for group in opened.structure.groups}
    st.subheader("Cut here first", anchor=False)
    what = "channels" if scan.mode is Mode.CHANNELS else "weights"
    metric = literal(dense.metric)
    st.caption(
        f"How many of its {what} each layer can give up alone before the network loses 1 point of {metric}, what that "
        f"frees, and what the network loses where half of them go. Choose a row to look closer."
    )
    rows = ranking_table(ranks, scan.mode, tied)
    table(
        rows,
        "cut-here-first",
        f"{len(ranks)} layers by what each frees for one point of {dense.metric}, the most first",
        _columns(scan.mode),
        choose=lambda row: choose(ranks[row].name),
        height=HEIGHT,
    )
    single = len(scan.names) - len(ranks)
    if single:
        st.caption(f"{single} more cannot be cut alone: each is made of a single piece.")
    if protected:
        st.caption(f"Cannot be cut: {'; '.join(f'{literal(n)} ({literal(why)})' for n, why in protected.items())}.")


def _columns(mode: Mode) -> dict[str, object]:
    number = st.column_config.NumberColumn
    freed = ("frees MACs, %", "frees params, %") if mode is Mode.CHANNELS else ("zeroes params, %",)
    return {
        "layer": st.column_config.TextColumn(pinned=True, width=125),
        "can go, %": number(format=SHARE, help="Alone, before 1 point is lost."),
        "from–to, %": st.column_config.TextColumn(help="95 % interval: what surely can go, and what perhaps can."),
        "share known by": st.column_config.TextColumn(
            help="Measured or estimated where just so many were removed; interpolated between two levels of the scan."
        ),
        **{name: number(format=SHARE, help=FREED) for name in freed},
        "half loses, points": number(format=POINTS, help="Points below the dense network where half of it goes."),
        "from–to, points": st.column_config.TextColumn(
            help="95 % interval of what the network loses on all validation samples; exact where it ran on all of them."
        ),
        "half is": st.column_config.TextColumn(help="safe: under 1 point; costly: 1 to 5; harmful: over 5."),
        "KL at half, nats": number(format="%.3f", help="How far the outputs are from the dense network's."),
    }
