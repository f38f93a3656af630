"""Two runs side by side: their recipes, their readings, and the samples that they predict differently."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures import difference as figures
from prunekit.figures.history import OWN, called
from prunekit.records import Comparison, Run
from prunekit.ui.compare.flips import flips
from prunekit.ui.compare.run_card import title
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.reading import recipe_of
from prunekit.ui.state.session import DENSE, DESK, Question, by_hand, keyed, session
from prunekit.ui.widgets.badges import delta_color
from prunekit.ui.widgets.chart import chart
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import change, count, literal, percent, points, size, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened

DEFAULT = DENSE, DESK


def difference(opened: "Opened", runs: Sequence[Run], desk: Run | None) -> None:
    """Draw the difference of two runs, by default what the desk has done to the task's own network.

    Args:
        opened: the task.
        runs: the history.
        desk: the run on the desk; ``None`` is the task's own network.
    """
    known = {run.id: run for run in runs}
    titles = {DESK: f"On the desk: {title(desk) if desk else OWN}", DENSE: OWN.capitalize()}
    titles |= {run.id: title(run) for run in reversed(runs)}
    pair = [picked if picked in titles else default for picked, default in zip(session().pair, DEFAULT, strict=True)]
    columns = st.columns(2)
    for side, (column, label) in enumerate(zip(columns, ("First", "Second"), strict=True)):
        with column:
            _pick(label, titles, pair, side)
    a, b = (desk if picked == DESK else known.get(picked) for picked in pair)
    if a == b:
        st.info("These are the same network; pick two that differ.", icon=":material/info:")
        return
    ids, names = (a.id if a else None, b.id if b else None), (_name(a), _name(b))

    def pending() -> bool:
        return not (_question(opened, ids).finished and _layers(opened, (a, b)).finished)

    def draw() -> None:
        _draw(opened, _question(opened, ids), names)
        _layer_by_layer(opened, _layers(opened, (a, b)))

    follow("difference", draw, pending)


def pick(run_id: str) -> None:
    """Compare a run with the one that was picked before it, or with the task's own network."""
    first, second = session().pair
    if run_id != second:
        session().pair = (first if second == DESK else second), run_id


def compared(pair: tuple[str, str], desk: Run | None) -> tuple[str, str]:
    """Return the ids of the runs that are compared, empty for the task's own network."""
    first, second = ((desk.id if desk else "") if picked == DESK else picked for picked in pair)
    return first, second


def pair_text(runs: Sequence[Run], desk: Run | None) -> str:
    """Say which two are compared."""
    known = {run.id: run for run in runs}
    first, second = (literal(_name(known.get(picked))) for picked in compared(session().pair, desk))
    return f"Compared: **{first}** with **{second}**"


def _pick(label: str, titles: Mapping[str, str], pair: list[str], side: int) -> None:
    options, widget = list(titles), f"difference-{label.lower()}"

    def take() -> None:
        picked = by_hand(widget) or pair[side]
        session().pair = (picked, pair[1]) if side == 0 else (pair[0], picked)

    st.selectbox(
        label,
        options,
        options.index(pair[side]),
        format_func=titles.__getitem__,
        key=keyed(widget, pair[side]),
        on_change=take,
    )


def _name(run: Run | None) -> str:
    return called(run) if run else OWN


def _question(opened: "Opened", ids: tuple[str | None, str | None]) -> Question:
    def work() -> Iterator[Comparison | None]:
        from prunekit import verbs

        for step in verbs.compare(opened, *ids):
            # Each measurement on the way is a step after which the worker can serve the desk; it is not the answer.
            yield step if isinstance(step, Comparison) else None

    return ask("difference", (opened.key, ids), work)


def _layers(opened: "Opened", pair: tuple[Run | None, Run | None]) -> Question:
    """Ask what each layer of either network costs, by the closed formulas."""
    recipes = tuple(recipe_of(opened, run) for run in pair)

    def work() -> Iterator[list[tuple[tuple[int, int], ...]]]:
        from prunekit import verbs

        yield [verbs.layer_costs(opened, recipe) for recipe in recipes]

    return ask("difference-layers", (opened.key, recipes), work)


def _layer_by_layer(opened: "Opened", question: Question) -> None:
    costs = question.ticket.snapshot().latest
    if costs is not None:
        with st.expander("Layer by layer", icon=":material/table_rows:"):
            rows = figures.layers_table(opened.structure.layers, *costs)
            table(rows, "layers-of-both", "Parameters and MACs of each layer of both runs, and their difference")


def _draw(opened: "Opened", question: Question, names: tuple[str, str]) -> None:
    comparison: Comparison | None = question.ticket.snapshot().latest
    if question.error:
        st.error(literal(question.error), icon=":material/error:")
    elif comparison is None:
        st.caption("Measuring both runs …")
    else:
        _readings(comparison, names, opened.metric.higher_is_better)
        bars, classes = st.columns(2)
        with bars:
            alt = f"Dots: the sparsities of {names[0]} and of {names[1]}, where they differ"
            chart(figures.bars(comparison, *names), figures.changes_table(comparison), "changes", alt)
        with classes:
            alt = f"Dots: how {names[0]} and {names[1]} do on each of {len(comparison.classes)} classes"
            chart(figures.per_class(comparison, *names), figures.per_class_table(comparison), "per-class", alt)
        flips(opened, comparison, names)


def _readings(comparison: Comparison, names: tuple[str, str], is_higher_better: bool) -> None:
    (first, second), (a, b) = comparison.evaluations, (evaluation.cost for evaluation in comparison.evaluations)
    metric = literal(titled(first.reading.metric))
    with st.grid(4, min_column_width=170):
        for label, before, now, delta, better in (
            (
                metric,
                percent(first.reading.value),
                percent(second.reading.value),
                points(second.reading.value, first.reading.value),
                is_higher_better,
            ),
            ("Parameters", count(a.params), count(b.params), change(b.params, a.params), False),
            ("MACs", count(a.macs), count(b.macs), change(b.macs, a.macs), False),
            ("Bytes", size(a.bytes), size(b.bytes), change(b.bytes, a.bytes), False),
        ):
            delta_text = f"{delta} from {before}" if delta else None
            st.metric(label, now, delta_text, delta_color=delta_color(delta, better), border=True, height="stretch")
    st.caption(_verdict(comparison, names))
    with st.expander("As a table", icon=":material/table:", type="compact"):
        table(figures.readings_table(comparison), "readings", "Readings and counts of both runs")


def _verdict(comparison: Comparison, names: tuple[str, str]) -> str:
    """Write whether the two runs differ significantly, by the samples that only one of them gets right."""
    reading = comparison.evaluations[0].reading
    if comparison.gain is None:
        return (
            f"Measured on the same {reading.n:,} {reading.split} samples. {titled(literal(reading.metric))} is one "
            "figure of them all, so that the difference has no paired interval; each run's own is in the table."
        )
    low, high = comparison.gain
    a, b = map(literal, names)
    text = f"Measured on the same {reading.n:,} {reading.split} samples."
    if reading.correct is not None:
        text = (
            f"Measured on the same {reading.n:,} {reading.split} samples: {comparison.fixed:,} only {b} gets right, "
            f"{comparison.broken:,} only {a} does."
        )
    if low <= 0 <= high:
        return f"{text} That is no significant difference (95 % interval {_signed(low)} to {_signed(high)} points)."
    return f"{text} The true difference is between {_signed(low)} and {_signed(high)} points, with 95 % confidence."


def _signed(fraction: float) -> str:
    """Write a difference in points; with a minus sign, since a line may break after a hyphen."""
    return f"{100 * fraction:+.1f}".replace("-", "−")
