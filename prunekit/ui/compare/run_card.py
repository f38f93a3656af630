"""One run of the history: its name, its metric and its costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures.history import called, reading_of
from prunekit.figures.tradeoff import latency_of
from prunekit.records import Run, Speed
from prunekit.ui.compare.run_actions import run_actions
from prunekit.ui.state.reading import dense
from prunekit.ui.state.session import by_hand, keyed, session
from prunekit.ui.widgets.badges import delta_color
from prunekit.ui.widgets.recipe_text import recipe_text
from prunekit.ui.widgets.text import change, count, interval, literal, moment, percent, points, sampled, size, titled
from prunekit.ui.widgets.training_text import training_text

if TYPE_CHECKING:
    from prunekit.verbs import Opened

SPLIT = "validation"
NOTE = 2000
"""Characters that a note may have."""
MEASURED, EXACT = ":blue-badge[measured]", ":gray-badge[exact]"


def title(run: Run) -> str:
    """Return a run's entry in a list of runs: its name or id, its metric and its parameters."""
    reading = reading_of(run, SPLIT)
    worth = percent(reading.value) if reading else "not measured"
    return f"{called(run)} · {worth} · {count(run.cost.params)} parameters"


def run_card(opened: "Opened", runs: Sequence[Run], run: Run, desk: Run | None) -> None:
    """Draw the selected run, with a control that selects another one.

    Args:
        opened: the task.
        runs: the history.
        run: one of them.
        desk: the one on the desk, if one is.
    """
    with st.container(border=True):
        _pick({other.id: title(other) for other in reversed(runs)}, run)
        _name(opened, run)
        _note(opened, run)
        _figures(opened, run)
        run_actions(opened, runs, run, desk)


def look_at(run_id: str) -> None:
    """Select the run that the card shows."""
    session().run = run_id


def _pick(titles: Mapping[str, str], run: Run) -> None:
    options = list(titles)
    st.selectbox(
        "Run",
        options,
        options.index(run.id),
        format_func=titles.__getitem__,
        key=keyed("run", run.id),
        on_change=lambda: look_at(by_hand("run") or run.id),
    )


def _name(opened: "Opened", run: Run) -> None:
    widget = f"name-{run.id}"

    def rename() -> None:
        name = by_hand(widget)
        if name is not None:
            opened.workspace.rename(run.id, name.strip())

    where, name = st.columns([3, 2], vertical_alignment="bottom")
    parent = f"run {run.parent}" if run.parent else "the task's own network"
    what = f"Run {run.id}, {'recovered ' if run.weights else ''}from {parent}, {moment(run.created)}"
    how = f" Fine-tuned with {training_text(run.training)}." if run.training else ""
    where.caption(literal(f"{what}: {recipe_text(run.recipe)}.{how}"))
    key = keyed(widget, run.label)
    name.text_input(
        "Name", run.label, 60, key, placeholder="Give it a name", on_change=rename, label_visibility="collapsed"
    )


def _note(opened: "Opened", run: Run) -> None:
    widget = f"note-{run.id}"

    def write() -> None:
        note = by_hand(widget)
        if note is not None:
            opened.workspace.annotate(run.id, note.strip())

    st.text_area(
        "Note",
        run.note,
        68,
        NOTE,
        keyed(widget, run.note),
        placeholder="What it was for, what it showed",
        on_change=write,
    )


def _figures(opened: "Opened", run: Run) -> None:
    whole, cost = opened.structure.cost({}), run.cost
    with st.grid(5, min_column_width=140):
        _accuracy(opened, run)
        _tile(f"Parameters {EXACT}", count(cost.params), change(cost.params, whole.params), f"{cost.params:,}")
        _tile(f"MACs {EXACT}", count(cost.macs), change(cost.macs, whole.macs), f"{cost.macs:,} for one input")
        _tile(f"Bytes {EXACT}", size(cost.bytes), change(cost.bytes, whole.bytes), "parameters and buffers, as stored")
        _latency(run)


def _accuracy(opened: "Opened", run: Run) -> None:
    reading, reference = reading_of(run, SPLIT), dense(opened)
    if reading is None:
        _tile(literal(titled(opened.task.metric)), "not measured", None, "put it on the desk to measure it")
        return
    bounds = f", 95 % interval {interval(reading.interval)}" if reading.interval else ""
    delta = points(reading.value, reference.reading.value) if reference else None
    name = literal(titled(reading.metric))
    detail = f"{sampled(reading)} {SPLIT} samples{bounds}"
    _tile(f"{name} {MEASURED}", percent(reading.value), delta, detail, opened.metric.higher_is_better)


def _latency(run: Run) -> None:
    timed = latency_of(run)
    if timed is None:
        _tile("Latency", "not timed", None, "one input, one thread, beside the dense network")
        return
    low, high = timed.interval
    seconds = timed.candidate.cpu if timed.clock == "cpu" else timed.candidate.wall
    delta = None if timed.verdict is Speed.ALIKE else change(1 / timed.speedup, 1)
    _tile(
        f"Latency {MEASURED}",
        f"{1e3 * seconds:.2f} ms",
        delta,
        f"{timed.verdict.value}: {timed.speedup:.2f} times as fast, 95 % interval {low:.2f}–{high:.2f}; "
        f"{timed.rounds} rounds of one input",
    )


def _tile(label: str, value: str, delta: str | None, detail: str, higher_is_better: bool = False) -> None:
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(label, value, delta, delta_color=delta_color(delta, higher_is_better))
        st.caption(detail)
