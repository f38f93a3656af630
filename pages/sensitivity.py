import streamlit as st

from prunekit.records import Mode
from prunekit.ui import jobs, scanning
from prunekit.ui.hints import hint
from prunekit.ui.mode import mode_switch
from prunekit.ui.opening import opened_task
from prunekit.ui.progress import progress
from prunekit.ui.reading import dense, desk_recipe
from prunekit.ui.session import by_hand, keyed, session
from prunekit.ui.text import duration, literal

opened = opened_task("Sensitivity")

# These bring torch or plotly, so they come after the title is painted.
from prunekit.figures import sensitivity as figures  # noqa: E402
from prunekit.search.scan import LIMIT, sizes  # noqa: E402
from prunekit.ui.chart import chart, choosing_chart  # noqa: E402

METRICS = {"kl": "KL divergence", "accuracy": "Accuracy"}
now = session()


def draw() -> None:
    """Draw the scan as far as it has come."""
    scan, ticket = scanning.current_scan(opened), jobs.started(scanning.owner(opened))
    if ticket is not None:
        progress(ticket, "points")
    if ticket is None or ticket.finished:
        start_button(scan)
    if scan.points:
        charts(scan)


def start_button(scan: scanning.Scan) -> None:
    """Draw the button with what the scan will cost, or that all is measured."""
    what = "groups" if scan.mode is Mode.CHANNELS else "layers"
    if not scan.left:
        st.caption(f"All {scan.total} points are measured, on {scanning.SAMPLES} validation samples each, and stored.")
        return
    if not scan.points:
        st.info(
            f"A scan cuts each of the {len(scan.names)} {what} alone, at nine sparsities, and measures what is left "
            f"on {scanning.SAMPLES} validation samples. It shows where there is room, and the sensitivity preset "
            "needs it.",
            icon=":material/monitor_heart:",
        )
    seconds = scanning.seconds(opened)
    cost = f", about {duration(scan.left * seconds)}" if seconds is not None else ""
    st.button(
        f"{'Resume: measure' if scan.points else 'Scan'} {scan.left} points{cost}",
        icon=":material/play_arrow:",
        on_click=scanning.start,
        args=(opened,),
    )


def charts(scan: scanning.Scan) -> None:
    """Draw the heatmap, the curve of one group and the ranking.

    What is lost is lost against the dense network on the same samples.
    """
    reference = dense(opened, LIMIT)
    protected = {group.name: group.protected for group in opened.structure.groups if group.protected}
    protected = protected if now.mode is Mode.CHANNELS else {}
    value = reference.reading.value if reference else None
    metric = st.segmented_control(
        "Colour by", list(METRICS), default="kl", required=True, format_func=METRICS.__getitem__, key="scan-metric"
    )
    alt = f"Heatmap: harm of cutting each of {len(scan.names)} parts alone, by sparsity"
    made = figures.heatmap(scan.points, scan.names, metric or "kl", value, protected=protected)
    choosing_chart(made, figures.table(scan.points, scan.names), "sensitivity", alt, choose)
    name = now.scanned if now.scanned in scan.names else scan.names[0]
    key, index = keyed("scanned", name), scan.names.index(name)
    st.selectbox(
        "Curve of", scan.names, index, key=key, on_change=lambda: choose(by_hand("scanned") or name), width=320
    )
    own = [point for point in scan.points if point.name == name]
    left, right = st.columns(2)
    with left:
        chart(figures.curve(own, name, value), figures.table(own), "curve", f"Accuracy of {name} by sparsity")
    with right:
        units = sizes(opened.structure, now.mode)
        rows = figures.ranking_table(scan.points, scan.names, units=units)
        chart(
            figures.ranking(scan.points, scan.names, units=units, protected=protected),
            rows,
            "ranking",
            "Bars: how far each part can be cut",
        )


def choose(name: str) -> None:
    """Look closer at a group or layer."""
    now.scanned = name


def pending() -> bool:
    """Whether the scan runs, or what it would cost is still being found out."""
    return jobs.running(scanning.owner(opened)) or scanning.seconds(opened) is None


with st.container(horizontal=True, vertical_alignment="center"):
    mode_switch()
    st.caption(f"by the criterion of the desk, {literal(desk_recipe(opened).criterion)}")
hint("sensitivity")
jobs.follow("scan", draw, pending, every=0.5)
