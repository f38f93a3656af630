"""What a task is: its card, how to open one's own, and the article's faults."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.criteria import CRITERIA
from prunekit.records import Evaluation
from prunekit.ui.state import cached
from prunekit.ui.state.jobs import follow
from prunekit.ui.widgets.badges import BADGES
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import count, interval, literal, percent, sampled, shape, size, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened

BYTES_OF_A_FLOAT = 4


def task_card(opened: "Opened") -> None:
    """Draw what the task says of itself."""
    task = opened.task
    st.markdown(f"**{literal(task.title)}**")
    if about := task.card.get("about"):
        st.markdown(literal(str(about)))
    if task.data.note:
        st.caption(literal(task.data.note))
    st.caption(f"History, scans and exports are kept in {literal(str(opened.workspace.path))}.")
    if task.data.train is None:
        readers = [literal(criterion.name) for criterion in tuple(CRITERIA.values()) if criterion.needs]
        st.caption(
            f"Without a train split there is no recalibration, no recovery, and no criterion {' or '.join(readers)}."
        )
    if task.data.test is None:
        st.caption("Without a test split an export reads nothing that tuning did not see.")
    ticket = cached.dense_evaluation(opened.key.digest, opened, None)
    follow("card", lambda: _facts(opened, ticket.snapshot().latest), lambda: not ticket.finished)


def _facts(opened: "Opened", measured: Evaluation | None) -> None:
    """Draw what the network costs and, once it was measured, how well it does."""
    data, cost = opened.task.data, opened.structure.cost({})
    reading = measured.reading if measured else None
    badge = BADGES["measured" if reading else "measuring"]
    with st.grid(4, min_column_width=130):
        name = literal(titled(opened.task.metric))
        st.metric(f"{name} {badge}", percent(reading.value) if reading else "…", border=True)
        for label, value in (
            ("Parameters", count(cost.params)),
            ("MACs", count(cost.macs)),
            ("Bytes", size(cost.bytes)),
        ):
            st.metric(label, value, border=True)
    bounds = f", 95 % interval {interval(reading.interval)}" if reading and reading.interval else ""
    sample_text = f"{titled(sampled(reading))} validation samples{bounds}; " if reading else ""
    test = f"; {len(data.test):,} test samples are read once, at export" if data.test else ""
    st.caption(f"{sample_text}{len(data.classes)} classes{test}.")


def own_network() -> None:
    """Say how to open a network of one's own."""
    with st.expander("Open a network of your own", icon=":material/add:"):
        st.markdown(
            "Write a `prunekit.toml` that names its factory, its checkpoint and its data; `examples/own_model` holds "
            "one to start from. Then start the desk with it:"
        )
        st.code("make app TASK=path/to/prunekit.toml", language="sh")
        st.caption("Its code will run on this machine, so only whoever starts the server can name it: no page can.")


def article_card() -> None:
    """Name what keeps the article's network, as printed, from running, and count it."""
    from prunekit.tasks.article import ARTICLE_FAULTS

    layers = cached.printed_article()
    params = sum(parameters for _, _, parameters in layers)
    st.markdown(
        f"The article prints a network of **{params:,} parameters**: {size(BYTES_OF_A_FLOAT * params)} in fp32. "
        "It cannot run, and the task opened here is a narrow copy that can. What is wrong with it:"
    )
    for name, fault in ARTICLE_FAULTS.items():
        st.markdown(f"- **{literal(name)}**: {literal(fault)}")
    with st.expander("Its layers, counted without making them", icon=":material/table:", type="compact"):
        rows = [
            {"layer": name, "weight": shape(sizes), "parameters": f"{parameters:,}"}
            for name, sizes, parameters in layers
        ]
        table(rows, "article-as-printed", "Layers of the article's network as printed")
