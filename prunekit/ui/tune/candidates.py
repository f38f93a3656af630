"""The candidates of a plan, each with its measured metric and a button that puts it on the desk."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from prunekit.criteria import criterion_title
from prunekit.engine import Ticket
from prunekit.engine.shared import worker
from prunekit.errors import listed
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode, Outline
from prunekit.ui.state import jobs, moves
from prunekit.ui.state.reading import dense, desk_recipe
from prunekit.ui.tune.planner import owner
from prunekit.ui.widgets.badges import BADGES, delta_color
from prunekit.ui.widgets.chart import choosing_chart
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import count, interval, literal, percent, points, size, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened

ABOUT = {
    "uniform": "Every layer gives the same share: a baseline.",
    "global": "The lowest scores go, whatever layer they are in: a baseline.",
    "greedy": "Step by step, the least harm for what it saves.",
    "curves": "One price for harm, by the curves of the scan.",
    "exchange": "Improved by measuring whole networks.",
}
WORDS = {"macs": "MACs", "params": "parameters", "bytes": "bytes"}


def candidates(opened: "Opened") -> None:
    """Draw the running plan and the candidates of the newest finished one; nothing before the first plan."""
    ticket = jobs.started(owner(opened))
    if ticket is None:
        return
    st.subheader("Which recipe meets the targets?", anchor=False)
    jobs.follow("plan", lambda: progress(ticket, "steps"), lambda: not ticket.finished, every=0.5)
    finished = next((job for job in reversed(worker().jobs(owner(opened))) if _candidates(job)), None)
    if finished is not None:
        if finished is not ticket:
            st.caption(":orange-badge[stale] what the plan before it found")
        _draw(opened, finished)


def _candidates(job: Ticket[Any]) -> tuple[Candidate, ...]:
    """Return what a finished or stopped plan has evaluated."""
    records = job.snapshot().records if job.finished else ()
    return tuple(record for record in records if isinstance(record, Candidate))


def _draw(opened: "Opened", job: Ticket[Any]) -> None:
    from prunekit.figures.plan import plan_chart, plan_table

    outline: Outline = job.snapshot().records[0]
    evaluated = _candidates(job)
    best = evaluated[-1] if evaluated[-1].note else None
    evaluated = evaluated[:-1] if best else evaluated
    reference = dense(opened)
    st.caption(_targets_text(opened, outline, evaluated[0]))
    value = reference.reading.value if reference else None
    with st.grid("auto", min_column_width=185):
        for same in _cards(evaluated, outline, best, opened.metric.higher_is_better):
            _card(opened, same, outline, value, is_best=best is not None and same[0].recipe == best.recipe)
    if best is None:
        st.caption("The plan was stopped before the best could be selected.")
    else:
        st.caption(
            f":material/info: Best is {literal(best.name)}, {literal(best.note)}. The {best.reading.n:,} validation "
            "samples that it was chosen by flatter it; the export reads the test split."
        )
    own = (reference.cost, reference.reading) if reference else None
    choosing_chart(
        plan_chart(evaluated, outline, own, best),
        plan_table(evaluated, outline, own, best),
        "plan",
        f"{evaluated[0].reading.metric} of {len(evaluated)} candidates by the {WORDS[outline.resource]} they leave",
        lambda digest: _choose(evaluated, digest),
    )


def _cards(
    evaluated: Sequence[Candidate], outline: Outline, best: Candidate | None, higher_is_better: bool
) -> list[tuple[Candidate, ...]]:
    """Choose one candidate of each name and join those that are the same recipe: the best first, then by the metric."""
    recipes: dict[Recipe, tuple[Candidate, ...]] = {}
    for name in dict.fromkeys(candidate.name for candidate in evaluated):
        same = [candidate for candidate in evaluated if candidate.name == name]
        chosen = min(same, key=lambda c: (len(c.misses), c.amount(outline.resource, outline.mode)))
        recipes[chosen.recipe] = (*recipes.get(chosen.recipe, ()), chosen)
    cards = [same for same in recipes.values() if same]
    cards.sort(key=lambda same: same[0].reading.value, reverse=higher_is_better)
    return sorted(cards, key=lambda same: best is None or same[0].recipe != best.recipe)


def _card(
    opened: "Opened", same: tuple[Candidate, ...], outline: Outline, reference: float | None, *, is_best: bool
) -> None:
    """Draw one recipe, with all searches that ended at it and the button that puts it on the desk."""
    candidate, reading = same[0], same[0].reading
    is_here = desk_recipe(opened) == candidate.recipe
    delta = points(reading.value, reference) if reference is not None else None
    with st.container(border=True, height="stretch", gap="xsmall"):
        badge = " :green-badge[:material/star: best]" if is_best else ""
        st.markdown(f"**{literal(listed([each.name for each in same]).capitalize())}**{badge}")
        st.metric(
            f"{literal(titled(reading.metric))} {BADGES['measured']}",
            percent(reading.value),
            delta,
            delta_color=delta_color(delta, opened.metric.higher_is_better),
        )
        st.caption("  \n".join(_numbers(opened, candidate, outline)))
        for miss in candidate.misses:
            st.caption(f":orange-badge[misses] {literal(miss)}")
        st.caption(" ".join(ABOUT.get(each.name, "") for each in same))
        st.button(
            "On the desk" if is_here else "Put on the desk",
            key=f"put-{candidate.recipe.digest}",
            on_click=moves.put,
            args=(candidate.recipe,),
            disabled=is_here,
        )


def _numbers(opened: "Opened", candidate: Candidate, outline: Outline) -> list[str]:
    """Say on how many samples a candidate was measured, and what it costs."""
    reading, cost, whole = candidate.reading, candidate.cost, opened.structure.cost({})
    of = f"{reading.correct:,} of {reading.n:,}" if reading.correct is not None else f"{reading.n:,} samples"
    lines = [f"{of}, {interval(reading.interval)}" if reading.interval else of]
    if outline.mode is Mode.WEIGHTS:
        share = percent(candidate.nonzero / whole.params)
        return [*lines, f"{count(candidate.nonzero)} parameters are not zero ({share})"]
    return [
        *lines,
        f"{count(cost.macs)} MACs ({percent(cost.macs / whole.macs)})",
        f"{count(cost.params)} parameters ({percent(cost.params / whole.params)})",
        f"{size(cost.bytes)} ({percent(cost.bytes / whole.bytes)})",
    ]


def _targets_text(opened: "Opened", outline: Outline, candidate: Candidate) -> str:
    """Write the targets of the plan, and the layers that it did not cut."""
    whole, targets = opened.structure.cost({}), []
    for name, limit in outline.limits:
        what = f"{WORDS[name]} that are not zero" if outline.mode is Mode.WEIGHTS else WORDS[name]
        targets.append(f"at most {percent(limit / getattr(whole, name))} of the {what}")
    if outline.loss is not None:
        targets.append(f"at most {100 * outline.loss:g} points of {literal(candidate.reading.metric)} lost")
    text = f"Asked: {listed(targets, most=4)}, by the criterion {literal(criterion_title(candidate.recipe.criterion))}."
    if outline.pinned:
        text += f" Pinned: {literal(listed(outline.pinned))}."
    if outline.spared:
        text += f" Whole, since it could save less than {100 * outline.worth:g} %: {literal(listed(outline.spared))}."
    return text


def _choose(evaluated: Sequence[Candidate], digest: str) -> None:
    recipe = next((candidate.recipe for candidate in evaluated if candidate.recipe.digest == digest), None)
    if recipe is not None:
        moves.put(recipe)
