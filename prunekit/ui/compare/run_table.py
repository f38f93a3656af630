"""The runs as a table to sort and filter; the last two that were chosen, here or in the chart, are compared."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures.history import called
from prunekit.figures.runs import KINDS, runs_table
from prunekit.records import Run
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

FILTERS = ("all", *KINDS, "starred", "noted")
HEIGHT = 330
"""Pixels of a long history, which then scrolls by itself."""


def run_table(opened: "Opened", runs: Sequence[Run], desk: Run | None, choose: Callable[[str], None]) -> None:
    """Draw the runs that a filter leaves.

    Args:
        opened: the task.
        runs: the history.
        desk: the run on the desk, if one is.
        choose: takes the id of a row.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            "Show", FILTERS, default="all", required=True, format_func=str.capitalize, key="runs-kind"
        )
        words = st.text_input(
            "Filter", key="runs-words", placeholder="words of a name, a note, a criterion, an id", width=320
        )
    shown = [run for run in runs if _is_of(run, which or "all") and _has(run, words or "")]
    if not shown:
        st.caption(f"None of the {len(runs):,} runs is like that.")
        return
    structure = opened.structure
    rows = runs_table(
        shown, len(structure.prunable), len(structure.layers), opened.task.metric, desk=desk.id if desk else None
    )
    table(
        rows,
        "runs",
        f"{len(shown)} of {len(runs)} runs: how each was made, what it is worth and what it costs",
        _columns(opened.task.metric),
        choose=lambda row: choose(str(rows[row]["run"])),
        height=HEIGHT,
    )
    st.download_button(
        "JSON",
        lambda: json.dumps([run.to_json() for run in reversed(shown)], indent=2),
        "runs.json",
        "application/json",
        key="json-runs",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
    filtered = f"{len(shown):,} of {len(runs):,} runs. " if len(shown) < len(runs) else ""
    newest = literal(called(shown[-1]))
    st.caption(
        f"{filtered}The newest, {newest}, is on top; a click on a column's head sorts by it. Choose a run, then "
        "another: the last two, of this table or of the chart, are compared below. The desk stays as it is."
    )


def _is_of(run: Run, which: str) -> bool:
    if which in KINDS:
        return KINDS[run.weights is not None] == which
    return {"all": True, "starred": run.starred, "noted": bool(run.note)}[which]


def _has(run: Run, words: str) -> bool:
    text = f"{run.id} {run.label} {run.note} {run.recipe.criterion}".casefold()
    return all(word in text for word in words.casefold().split())


def _columns(metric: str) -> dict[str, object]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    share = number(format="%.1f", help="Over all that could be cut, cut or not.")
    bound = number(format="%.1f", help="End of the metric's 95 % interval.")
    return {
        "run": text(pinned=True, width=110),
        f"{metric}, %": number(format="%.1f", help="On the validation split, of which the interval is, too."),
        "low, %": bound,
        "high, %": bound,
        "speed-up": number(format="%.2f", help="Times as fast as the dense network, where it was timed."),
        "channels cut, mean %": share,
        "weights zeroed, mean %": share,
        "FLOPs": number(format="localized", help="2 for each MAC, for one input."),
        "training batch": number(help="Samples in one step, of a run that was trained."),
        "base": text(help="The run whose trained weights it cuts."),
        "parent": text(help="The run it came from; empty for the task's own network."),
    }
