"""How precisely to scan, what that will cost, and how far a scan has come."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.criteria import criterion_title
from prunekit.records import Mode
from prunekit.ui.sensitivity import scanning
from prunekit.ui.state import jobs
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import duration, literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

ABOUT = {
    "picture": "16 samples for every cut: where the network is sensitive, not yet how much.",
    "within": "Samples are added until the 95 % interval is one point to each side, or a tenth of the drop where that "
    "is more; a cut between two that agree is interpolated.",
    "exact": "Every cut on all validation samples.",
}


def scan_start(opened: "Opened", scan: scanning.Scan) -> None:
    """Draw a running scan's progress, or the choice of a precision with the button that starts it."""
    ticket = jobs.started(scanning.owner(opened))
    if ticket is not None:
        with st.container():
            progress(ticket, "cuts")
    if ticket is not None and not ticket.finished:
        looks = sum(point.reading.interval is None for point in scan.points) if not ticket.snapshot().done else 0
        if looks and scan.remaining["within"] == scan.total:
            st.caption(f"First picture: {len(scan.points)} of {scan.total} cuts, on 16 samples each.")
        return
    if not scan.points:
        what = "groups" if scan.mode is Mode.CHANNELS else "layers"
        st.info(
            f"A scan cuts each of the {len(scan.names)} {what} alone, at nine sparsities, and measures what is left on "
            "validation samples. It shows where there is room, and the sensitivity preset needs it.",
            icon=":material/monitor_heart:",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        precision = (
            st.segmented_control(
                "Precision",
                list(scanning.PRECISIONS),
                default="within",
                required=True,
                format_func=scanning.PRECISIONS.__getitem__,
                key="scan-precision",
                persist_state="session",
            )
            or "within"
        )
        remaining = scan.remaining[precision]
        if remaining:
            seconds = scanning.cost(opened, scan, precision)
            about = f", about {duration(seconds)}" if seconds is not None else ""
            st.button(
                f"{'Scan' if remaining == scan.total else 'Resume: measure'} {remaining} cuts{about}",
                key="scan-start",
                icon=":material/play_arrow:",
                on_click=scanning.start,
                args=(opened, precision),
            )
    st.caption(ABOUT[precision] if remaining else f"All {scan.total} cuts are measured at this precision, and stored.")


def other_criterion(opened: "Opened", scans: dict[str, scanning.Scan]) -> None:
    """Draw the choice of another criterion with the button that scans by it, and the progress of those under way.

    Args:
        opened: the task.
        scans: every criterion's scan.
    """
    own = scanning.current_scan(opened).criterion
    for name in scans:
        ticket = jobs.started(scanning.owner(opened, name)) if name != own else None
        if ticket is not None:
            with st.container():
                progress(ticket, "cuts")
    names = [
        name
        for name, scan in scans.items()
        if name != own and scan.remaining["within"] and not jobs.running(scanning.owner(opened, name))
    ]
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Another criterion", names, format_func=criterion_title, key="scan-criterion", width=220)
        remaining, seconds = scans[name].remaining["within"], scanning.cost(opened, scans[name], "within")
        about = f", about {duration(seconds)}" if seconds is not None else ""
        st.button(
            f"Scan {remaining} cuts by {literal(criterion_title(name))}{about}",
            key="scan-other",
            icon=":material/play_arrow:",
            on_click=scanning.start,
            args=(opened, "within", name),
        )
