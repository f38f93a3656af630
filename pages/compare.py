import streamlit as st

from prunekit.recipe import Recipe
from prunekit.ui.arrival import top_first
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.state import jobs, reading
from prunekit.ui.state.restoring import on_desk
from prunekit.ui.state.session import session
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.text import literal, titled

opened = opened_task("Compare")

# These bring torch or plotly, so they come after the title is painted.
from prunekit import verbs  # noqa: E402
from prunekit.figures import history, tradeoff  # noqa: E402
from prunekit.figures.history import called  # noqa: E402
from prunekit.ui.compare.difference import compared, difference, pair_text, pick  # noqa: E402
from prunekit.ui.compare.run_card import look_at, run_card  # noqa: E402
from prunekit.ui.compare.run_table import run_table  # noqa: E402
from prunekit.ui.tune.recipes import recipe_menu  # noqa: E402
from prunekit.ui.widgets.chart import choosing_chart  # noqa: E402

COSTS = {"params": "Parameters", "macs": "MACs", "bytes": "Bytes", "latency": "Latency"}
NEWEST = 40  # runs that the tree shows besides those that carry a mark

now = session()
runs = verbs.history(opened)
desk = on_desk(opened, runs)
known = {run.id: run for run in runs}


def pending() -> bool:
    """Whether the desk or the task's own network is still being measured."""
    if reading.dense(opened) is None:
        return True
    is_known = desk is not None and history.reading_of(desk, "validation") is not None
    # A desk whose run is known is not asked for again: where another tab has moved on, that would be a run of its own.
    if is_known or reading.desk_recipe(opened) == Recipe(task=opened.task.name):
        return False
    return not reading.measure(opened).finished


def standing() -> None:
    """Say what is on the desk, or that its newest state is not in the history yet."""
    shows = literal(called(desk) if desk else history.OWN)
    st.markdown("The desk is being measured …" if pending() else f"On the desk: **{shows}**")


def choose(run_id: str) -> None:
    """Look closer at a run and compare it with the one that was chosen before it; the desk stays as it is."""
    if run_id in known:
        look_at(run_id)
        pick(run_id)


def draw_tradeoff() -> None:
    """Draw what every run is worth for what it costs."""
    what = st.segmented_control(
        f"{literal(titled(opened.task.metric))} against",
        list(COSTS),
        default="params",
        required=True,
        format_func=COSTS.__getitem__,
        key="cost",
    )
    evaluation = reading.dense(opened)
    own = (opened.structure.cost({}), evaluation.reading) if evaluation else None
    figure = tradeoff.tradeoff(
        runs, what or "params", dense=own, head=desk.id if desk else None, pair=compared(now.pair, desk)
    )
    cost = COSTS[what or "params"].lower()
    alt = f"Scatter: {opened.task.metric} of {len(runs)} runs against {cost}, with the Pareto front"
    choosing_chart(
        figure,
        lambda: tradeoff.tradeoff_table(runs, dense=own),
        "tradeoff",
        alt,
        choose,
        [run.id for run in runs],
        state=now.pair,
    )


def draw_tree() -> None:
    """Draw which run came from which: the newest runs and those that carry a mark, or all."""
    marked = {run.id for run in runs if run.starred or run.label or run.weights}
    shown = marked | {run.id for run in runs[-NEWEST:]} | {run.id for run in (desk, looked_at) if run}
    if len(shown) < len(runs):
        if st.toggle(f"All {len(runs):,} runs", key="tree-all"):
            shown = set(known)
        else:
            st.caption(f"The {NEWEST} newest runs and those with a name, a star or weights of their own.")
    nodes = verbs.history_tree(verbs.thinned(runs, shown))
    figure = history.tree(nodes, desk.id if desk else None, is_whole=len(shown) == len(runs))
    everything = verbs.history_tree(runs)
    alt = f"Tree: which of {len(shown)} runs came from which"
    names = [node.run.id for node in everything]
    choosing_chart(figure, lambda: history.tree_table(everything), "tree", alt, look_at, names)


hint("compare")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(width="content"):
        jobs.follow("standing", standing, pending)
    recipe_menu(opened)
if not runs:
    st.info("There is no run yet: every state of the bars you let go of becomes one.", icon=":material/info:")
    link("tune", "Move a bar on the desk")
    st.stop()
looked_at = known.get(now.run or "", desk or runs[-1])
run_table(opened, runs, desk, choose)
st.markdown(pair_text(runs, desk))
draw_tradeoff()
top_first()
st.subheader("How do two runs differ?", anchor=False)
difference(opened, runs, desk)
st.subheader("One run", anchor=False)
run_card(opened, runs, looked_at, desk)
draw_tree()
