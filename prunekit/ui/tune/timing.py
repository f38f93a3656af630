"""Timing the desk's network beside the dense one, when a person asks for it."""

import os
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.export.formats import runtimes
from prunekit.records import Latency, Timing
from prunekit.ui.state import jobs
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal, size

if TYPE_CHECKING:
    from prunekit.verbs import Opened

BATCHES = (1, 8, 64)
THREADS = tuple(sorted({1, os.cpu_count() or 1}))


def latency_menu(opened: "Opened") -> None:
    """Draw the menu that times the desk's network."""
    with st.popover("Latency", icon=":material/timer:"):
        st.caption(
            "Times the network on the desk and the dense one in turns, in a process of their own, with the memory each "
            "takes at its peak. A difference that may be chance is called none."
        )
        runtime = st.segmented_control(
            "Runtime",
            list(runtimes(has_train=opened.task.data.train is not None)),
            default="eager",
            required=True,
            format_func=lambda name: literal(runtimes()[name]),
            key="latency-runtime",
            help="Both networks run in it. int8 stands beside the dense network in single precision in ONNX Runtime, "
            "so that the runtime's own gain is not taken for the quantisation's; writing the files takes seconds.",
        )
        with st.container(horizontal=True):
            batch = st.segmented_control("Inputs at once", BATCHES, default=1, required=True, key="latency-batch")
            threads = st.segmented_control("Threads", THREADS, default=1, required=True, key="latency-threads")
        st.button("Time it", on_click=_start, args=(opened, batch, threads, runtime), disabled=_runs(opened))
        jobs.follow("latency", lambda: _draw(opened), lambda: _runs(opened), every=0.5)


def _owner(opened: "Opened") -> str:
    return jobs.owner(opened, "latency")


def _runs(opened: "Opened") -> bool:
    return jobs.running(_owner(opened))


def _start(opened: "Opened", batch: int, threads: int, runtime: str) -> None:
    from prunekit import verbs

    recipe = desk_recipe(opened)
    jobs.start(_owner(opened), "Timing", lambda: verbs.latency(opened, recipe, batch, threads, runtime))


def _draw(opened: "Opened") -> None:
    job = jobs.started(_owner(opened))
    if job is not None:
        progress(job, "rounds")
    recipe = desk_recipe(opened)
    latencies = opened.workspace.latencies(opened.digest, recipe.digest)
    if recipe.bits and recipe.activation_bits:
        st.caption("PyTorch takes time to round activations; int8 in ONNX Runtime is what computes with eight bits.")
    if latencies:
        table([_row(each) for each in latencies], "latencies", "Measured latencies of the network on the desk")
        if any(each.busy for each in latencies):
            st.caption(":material/warning: The machine did other work meanwhile, so wall times are too long.")


def _row(latency: Latency) -> dict[str, str | int]:
    return {
        "runtime": runtimes()[latency.runtime],
        "inputs": latency.batch,
        "threads": latency.threads,
        "speed-up": f"{latency.speedup:.2f} ({latency.interval[0]:.2f}–{latency.interval[1]:.2f})",
        "verdict": latency.verdict.value,
        "memory": _memory(latency.candidate),
        "dense, memory": _memory(latency.dense),
        "wall, ms": _times(latency.candidate.wall, latency.candidate.wall_quartiles),
        "dense, wall, ms": _times(latency.dense.wall, latency.dense.wall_quartiles),
        "CPU, ms": _times(latency.candidate.cpu, latency.candidate.cpu_quartiles),
        "dense, CPU, ms": _times(latency.dense.cpu, latency.dense.cpu_quartiles),
        "speed-up by": f"{latency.clock} time",
    }


def _times(median: float, quartiles: tuple[float, float]) -> str:
    low, high = (f"{1000 * bound:.2f}" for bound in quartiles)
    return f"{1000 * median:.2f} ({low}–{high})"


def _memory(timing: Timing) -> str:
    return "not known" if timing.memory is None else size(timing.memory)
