"""What can be cut and which way, and the button that proves it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.errors import listed
from prunekit.records import Proof
from prunekit.ui.state import jobs
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def cuttable(opened: "Opened") -> None:
    """Draw every group with its way and its reason; a button checks them all in double precision."""
    st.subheader("What can be cut?", anchor=False)
    for note in opened.structure.notes:
        st.warning(literal(note), icon=":material/alt_route:")
    if graph_only := [group.name for group in opened.structure.groups if group.graph_only]:
        st.info(
            f"The network's own class cannot lose {literal(listed(graph_only, 8))}; the graph recorded of it can, and "
            "is exported as `.pt2`.",
            icon=":material/account_tree:",
        )
    st.button(
        "Check every group",
        icon=":material/fact_check:",
        on_click=_start,
        args=(opened,),
        disabled=_runs(opened),
        help="Removes random units of each group in double precision and compares the smaller network with the dense "
        "one that does not read them.",
    )
    jobs.follow("proofs", lambda: _draw(opened), lambda: _runs(opened))


def _owner(opened: "Opened") -> str:
    return jobs.owner(opened, "proofs")


def _runs(opened: "Opened") -> bool:
    return jobs.running(_owner(opened))


def _start(opened: "Opened") -> None:
    from prunekit import verbs

    jobs.start(_owner(opened), "Checking", lambda: verbs.prove(opened), len(opened.structure.groups))


def _draw(opened: "Opened") -> None:
    from prunekit.figures.structure import groups_table

    job = jobs.started(_owner(opened))
    proofs: Sequence[Proof] = () if job is None else job.snapshot().records
    if job is not None:
        progress(job, "groups")
        if wrong := [proof.group for proof in proofs if not (proof.exact or proof.protected)]:
            st.error(f"Not exact: {literal(listed(wrong, 8))}. Do not cut these.", icon=":material/error:")
        elif job.finished and len(proofs) == len(opened.structure.groups):
            cut = sum(proof.exact for proof in proofs)
            st.success(f"{cut} of {len(proofs)} groups were cut and are exact; the others are protected.")
    rows = groups_table(opened.structure.groups, proofs)
    table(rows, "groups", "Every group with its units, whether and how it can be cut, and why")
