import streamlit as st

from prunekit.records import Epoch, Run
from prunekit.ui import jobs, reading
from prunekit.ui.hints import hint
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.progress import progress
from prunekit.ui.session import session
from prunekit.ui.summary import exact, summary
from prunekit.ui.text import count, interval, percent, points

opened = opened_task("Recover")

from prunekit import verbs  # noqa: E402 - brings torch, so after the title is painted
from prunekit.figures.recovery import learning_curve, learning_table  # noqa: E402
from prunekit.ui.chart import chart  # noqa: E402

owner = f"recover {opened.digest}"
job = jobs.started(owner)
now = session()

if job is not None and job.finished and job.id not in now.taken:
    # The recovered run is the new base of the desk, in this tab too.
    now.taken.add(job.id)
    now.recipe = reading.recipe_of(opened, opened.workspace.head(opened.task.name))

recipe = reading.desk_recipe(opened)


def start(epochs: int) -> None:
    """Start to fine-tune what is on the desk."""
    head = opened.workspace.head(opened.task.name)
    parent = head.id if head is not None and reading.recipe_of(opened, head) == recipe else None
    jobs.start(owner, "Fine-tuning", lambda: verbs.recover(opened, recipe, epochs, parent))


def draw() -> None:
    """Draw the desk, the button, and the training under way or the one before."""
    summary(opened)
    found = jobs.started(owner)
    if found is None or found.finished:
        controls()
    if found is not None:
        reference = reading.dense(opened)
        dense = reference.reading if reference else None
        epochs = [record for record in found.snapshot().records if isinstance(record, Epoch)]
        share = epochs[-1].step / epochs[-1].steps if epochs else 0.0
        progress(found, f"records, {percent(share, 0)} of the steps", stop="Stop", share=share)
        if epochs:
            alt = "Training loss and validation accuracy while fine-tuning"
            chart(learning_curve(epochs, dense=dense), learning_table(epochs), "recovery", alt)


def controls() -> None:
    """Draw the button and how long it will train."""
    if opened.task.data.train is None:
        st.info("This task has no train data, which fine-tuning needs.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.segmented_control("Passes over the train images", [1, 2], default=2, required=True, key="epochs")
        st.button(
            "Fine-tune",
            icon=":material/healing:",
            on_click=start,
            args=(epochs,),
            disabled=exact(opened) is None,
            help="Trains a copy of the desk's network; zeroed weights stay zero. Waits for the exact reading.",
        )


def before_and_after(run: Run) -> None:
    """Draw what the last recovery did."""
    after = run.readings[0]
    parent = opened.workspace.run(run.parent) if run.parent else None
    before = parent.readings[0] if parent and parent.readings else None
    st.subheader("What did the last recovery bring?", anchor=False)
    with st.grid(3, min_column_width=150):
        st.metric("Before", percent(before.value) if before else "not measured", border=True, height="stretch")
        st.metric(
            "After",
            percent(after.value),
            points(after.value, before.value) if before else None,
            border=True,
            height="stretch",
        )
        st.metric("Parameters", count(run.cost.params), border=True, height="stretch")
    bounds = f", 95 % interval {interval(after.interval)}" if after.interval else ""
    of = f"{after.correct:,} of {after.n:,}" if after.correct is not None else f"{after.n:,}"
    here = " The desk starts from this run; cutting further goes on from it." if recipe.base == run.id else ""
    st.caption(f"{of} {after.split} samples{bounds}.{here}")


def pending() -> bool:
    """Whether the training runs, or the reading it waits for is not there yet."""
    return jobs.running(owner) or exact(opened) is None


hint("recover")
if recipe.is_dense and recipe.base is None:
    st.info("Nothing is cut yet, so there is nothing to recover from.", icon=":material/info:")
    link("tune", "Cut something on the desk first")
else:
    jobs.follow("recover", draw, pending, every=0.5)
    runs = [run for run in verbs.history(opened) if run.weights and run.readings]
    if runs and not jobs.running(owner):
        before_and_after(runs[-1])
