"""Timing the desk's network beside the dense one, when a person asks for it."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Latency
from prunekit.ui import jobs
from prunekit.ui.progress import progress
from prunekit.ui.reading import desk_recipe
from prunekit.ui.table import table

if TYPE_CHECKING:
    from prunekit.verbs import Opened

BATCHES = (1, 8, 64)
THREADS = (1, 2)


def latency_menu(opened: "Opened") -> None:
    """Draw the menu that times the desk's network."""
    with st.popover("Latency", icon=":material/timer:"):
        st.caption(
            "Times the network on the desk and the dense one in turns, in a process of their own. A difference that "
            "may be chance is called none."
        )
        with st.container(horizontal=True):
            batch = st.segmented_control("Inputs at once", BATCHES, default=1, required=True, key="latency-batch")
            threads = st.segmented_control("Threads", THREADS, default=1, required=True, key="latency-threads")
        st.button("Time it", on_click=_start, args=(opened, batch, threads), disabled=_runs(opened))
        jobs.follow("latency", lambda: _draw(opened), lambda: _runs(opened), every=0.5)


def _owner(opened: "Opened") -> str:
    return f"latency {opened.digest}"


def _runs(opened: "Opened") -> bool:
    return jobs.running(_owner(opened))


def _start(opened: "Opened", batch: int, threads: int) -> None:
    from prunekit import verbs

    recipe = desk_recipe(opened)
    jobs.start(_owner(opened), "Timing", lambda: verbs.latency(opened, recipe, batch, threads))


def _draw(opened: "Opened") -> None:
    job = jobs.started(_owner(opened))
    if job is not None:
        progress(job, "looks")
    found = opened.workspace.latencies(opened.digest, desk_recipe(opened).digest)
    if found:
        table([_row(each) for each in found], "latencies", "Measured latencies of the network on the desk")
        if any(each.busy for each in found):
            st.caption(":material/warning: The machine did other work meanwhile, so wall times are too long.")


def _row(found: Latency) -> dict[str, str | int]:
    return {
        "inputs": found.batch,
        "threads": found.threads,
        "dense, ms": f"{1000 * found.dense.wall:.2f}",
        "here, ms": f"{1000 * found.candidate.wall:.2f}",
        "quartiles, ms": "–".join(f"{1000 * bound:.2f}" for bound in found.candidate.wall_quartiles),
        "speed-up": f"{found.speedup:.2f} ({found.interval[0]:.2f}–{found.interval[1]:.2f})",
        "verdict": found.verdict.value,
        "clock": found.clock,
    }
