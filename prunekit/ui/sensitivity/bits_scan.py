"""The scan of bits on the Sensitivity page, and mixed precision to a byte budget by it."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures.bits import bits_heatmap, bits_table
from prunekit.records import Candidate, Point
from prunekit.ui.state import jobs, moves
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.widgets.chart import chart
from prunekit.ui.widgets.number import Number, number_box, still_stand
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import literal, percent, size

if TYPE_CHECKING:
    from prunekit.verbs import Opened


CANDIDATES = 3
"""Networks that a plan measures at most after its scan: the same bits everywhere, mixed bits, and the best again."""


def bits_scan(opened: "Opened") -> None:
    """Draw the scan of bits of the desk's network, its controls, its chart and the plans made by it."""
    jobs.follow("bits", lambda: _draw(opened), lambda: jobs.running(_owner(opened)), every=0.5)


def _owner(opened: "Opened") -> str:
    return jobs.owner(opened, "bits")


def _draw(opened: "Opened") -> None:
    st.subheader("Bits", anchor=False)
    job = jobs.started(_owner(opened))
    busy = jobs.running(_owner(opened))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Scan bits",
            icon=":material/memory:",
            on_click=_scan,
            args=(opened,),
            disabled=busy,
            help="Rounds each layer of the desk's network alone, but the first and the last, and measures all samples.",
        )
        share = number_box("Bytes that may be left, %", 4, 100, 15, step=1, key="bytes-left", width=200)
        st.button(
            "Plan mixed precision",
            icon=":material/auto_awesome:",
            on_click=_plan,
            args=(opened, share),
            disabled=busy or bool(share.refusal) or share.value is None,
            help="Scans what is not known yet, then gives every layer the bits that do the least harm in that size. "
            "Pinned layers keep the bits that they have.",
        )
    records = job.snapshot().records if job is not None else ()
    points = [record for record in records if isinstance(record, Point)]
    if job is not None:
        progress(job, "networks")
    if not points:
        st.caption("How many bits does each layer need? The scan tells; a plan scans first.")
        return
    alt = "Heatmap: harm of quantising each layer alone, by bits"
    chart(bits_heatmap(points), bits_table(points), "bits", alt)
    candidates = {record.name: record for record in records if isinstance(record, Candidate)}  # the best comes twice
    for number, candidate in enumerate(candidates.values()):
        _card(opened, candidate, number)


def _card(opened: "Opened", candidate: Candidate, number: int) -> None:
    reading, whole = candidate.reading, opened.structure.cost({}).bytes
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(
            f"**{literal(candidate.name)}**: {percent(reading.value)} measured on {reading.n:,} samples, "
            f"{size(candidate.cost.bytes)} ({percent(candidate.cost.bytes / whole)} of the dense network)"
        )
        st.button("Put on the desk", key=f"bits-plan-{number}", on_click=moves.put, args=(candidate.recipe,))


def _scan(opened: "Opened") -> None:
    from prunekit import verbs

    recipe = desk_recipe(opened)
    size = verbs.scan_bits_size(opened, recipe)
    jobs.start(_owner(opened), "Scan of bits", lambda: verbs.scan_bits(opened, recipe), size)


def _plan(opened: "Opened", share: Number) -> None:
    if share.value is None or not still_stand(share):
        return
    from prunekit import verbs

    recipe, part, pinned = desk_recipe(opened), share.value / 100, moves.pinned_layers(opened)
    jobs.start(
        _owner(opened),
        "Mixed precision",
        lambda: verbs.plan_bits(opened, part, recipe, pinned=pinned),
        verbs.scan_bits_size(opened, recipe, pinned) + CANDIDATES,
    )
