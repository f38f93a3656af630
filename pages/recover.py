import streamlit as st

from prunekit.records import Run
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.recover import elsewhere, recovery
from prunekit.ui.recover.under_way import under_way
from prunekit.ui.state import jobs, reading, recovered
from prunekit.ui.state.session import session
from prunekit.ui.widgets.badges import delta_color
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.summary import summary
from prunekit.ui.widgets.text import interval, literal, percent, points, sampled, titled
from prunekit.ui.widgets.training_text import training_text

opened = opened_task("Recover")

from prunekit import verbs  # noqa: E402 - brings torch, so after the title is painted

owner = recovered.owner(opened)
recipe = reading.desk_recipe(opened)


def draw() -> None:
    """Draw the desk, the controls, and the recovery under way or the one before."""
    summary(opened)
    job = jobs.started(owner)
    if job is None or job.finished:
        recovery.unfinished(opened)
        recovery.controls(opened)
        elsewhere.adoption(opened)
    if job is not None:
        under_way(opened, job)


def before_and_after(run: Run) -> None:
    """Draw what the last recovery did."""
    after = run.readings[0]
    parent = opened.workspace.run(run.parent) if run.parent else None
    before = parent.readings[0] if parent and parent.readings else None
    st.subheader("What did the last recovery bring?", anchor=False)
    gain = points(after.value, before.value) if before else None
    name = literal(titled(after.metric))
    with st.grid(2, min_column_width=150):
        st.metric(f"{name} before", percent(before.value) if before else "not measured", border=True, height="stretch")
        st.metric(
            f"{name} after",
            percent(after.value),
            gain,
            delta_color=delta_color(gain, opened.metric.higher_is_better),
            border=True,
            height="stretch",
        )
    bounds = f", 95 % interval {interval(after.interval)}" if after.interval else ""
    here = " The desk starts from this run; cutting further goes on from it." if recipe.base == run.id else ""
    st.caption(f"{sampled(after)} {after.split} samples{bounds}.{here}")
    if run.training is not None:
        st.caption(f"Fine-tuned with {literal(training_text(run.training))}.")


def pending() -> bool:
    """Whether a recovery runs, or what it waits for is not there yet."""
    timing = session().questions.get("recovery time")
    return jobs.running(owner) or not reading.measure(opened).finished or (timing is not None and not timing.finished)


hint("recover")
if recipe.is_dense and recipe.base is None:
    recovery.unfinished(opened)
    st.info("Nothing is cut yet, so there is nothing to recover from.", icon=":material/info:")
    link("tune", "Cut something on the desk first")
else:
    jobs.follow("recover", draw, pending, every=0.5)
    runs = [run for run in verbs.history(opened) if run.weights and run.readings]
    if runs and not jobs.running(owner):
        before_and_after(runs[-1])
