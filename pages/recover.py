import streamlit as st

from prunekit.records import Epoch, Evaluation, Fitted, Run
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.recover import elsewhere, recovery
from prunekit.ui.state import jobs, reading, recovered
from prunekit.ui.state.session import session
from prunekit.ui.widgets.badges import delta_color
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.summary import summary
from prunekit.ui.widgets.text import interval, literal, percent, points, sampled, titled

opened = opened_task("Recover")

from prunekit import verbs  # noqa: E402 - brings torch, so after the title is painted
from prunekit.figures.recovery import learning_curve, learning_table  # noqa: E402
from prunekit.ui.widgets.chart import chart  # noqa: E402

owner = recovered.owner(opened)
recipe = reading.desk_recipe(opened)


def draw() -> None:
    """Draw the desk, the controls, and the recovery under way or the one before."""
    summary(opened)
    found = jobs.started(owner)
    if found is None or found.finished:
        recovery.unfinished(opened)
        recovery.controls(opened)
        elsewhere.adoption(opened)
    if found is not None:
        reference = reading.dense(opened)
        dense = reference.reading if reference else None
        records = found.snapshot().records
        if found.snapshot().label == elsewhere.LABEL:
            measured = [record.reading.n for record in records if isinstance(record, Evaluation)]
            share = measured[-1] / len(opened.task.data.validation) if measured else 0.0
            progress(found, "readings", stop="Stop", share=share)
            return
        fitted = [record for record in records if isinstance(record, Fitted)]
        if fitted and not any(isinstance(record, Epoch) for record in records):
            progress(found, "layers", stop="Stop", share=fitted[-1].done / fitted[-1].total)
            return
        trained = [record for record in records if isinstance(record, Epoch)]
        latest = trained[-1] if trained else None
        epochs = [record for record in trained if latest and record.round == latest.round]
        share, begun = (latest.share, trained[0].begun) if latest else (0.0, 0.0)  # a killed one had done some before
        what = f"round {latest.round} of {latest.rounds}, " if latest and latest.rounds > 1 else ""
        unit = f"readings, {what}{percent(share, 0)} of the steps"
        progress(found, unit, stop="Stop", share=share, begun=begun)
        if epochs:
            alt = f"Training loss and validation {opened.task.metric} while fine-tuning"
            chart(learning_curve(epochs, dense=dense), learning_table(epochs), "recovery", alt)


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
