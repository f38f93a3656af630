from dataclasses import replace

import streamlit as st

from prunekit.criteria import CRITERIA, criterion_title
from prunekit.records import Mode, Reading
from prunekit.ui.opening import opened_task
from prunekit.ui.sensitivity import scanning
from prunekit.ui.sensitivity.scan_start import other_criterion, scan_start
from prunekit.ui.state import jobs
from prunekit.ui.state.reading import dense, desk_recipe
from prunekit.ui.state.session import Question, by_hand, keyed, session
from prunekit.ui.weights.picture import picture
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.mode import mode_switch
from prunekit.ui.widgets.text import literal, titled

opened = opened_task("Sensitivity")

# These bring torch or plotly, so they come after the title is painted.
from prunekit.figures import criteria as side_by_side  # noqa: E402
from prunekit.figures import sensitivity as figures  # noqa: E402
from prunekit.figures.layer_weights import layer_histogram, layer_histogram_table  # noqa: E402
from prunekit.search.scan import sizes  # noqa: E402
from prunekit.ui.sensitivity.bits_scan import bits_scan  # noqa: E402
from prunekit.ui.sensitivity.first_cuts import first_cuts  # noqa: E402
from prunekit.ui.sensitivity.suggestion import drafted, suggestion  # noqa: E402
from prunekit.ui.tune.toolbar import offered_criteria  # noqa: E402
from prunekit.ui.widgets.chart import chart, choosing_chart  # noqa: E402
from prunekit.verbs.scanning import scanned_metric  # noqa: E402

METRIC = scanned_metric(opened).name
METRICS = {"metric": literal(titled(METRIC)), "kl": "KL divergence"}
now = session()


def draw() -> None:
    """Draw the scan as far as it has come, the answer first."""
    scan = scanning.current_scan(opened)
    scan_start(opened, scan)
    reference = dense_reading()
    if not scan.points:
        return
    if reference is None:
        st.caption("Measuring the dense network …")
        return
    protected = {group.name: group.protected for group in opened.structure.groups if group.protected}
    protected = protected if now.mode is Mode.CHANNELS else {}
    if opened.metric.name != METRIC:
        st.caption(
            f"A scan measures hundreds of networks, so it asks how far each agrees with the dense one; "
            f"{literal(opened.task.metric)} is measured on the desk, for each plan and for an export."
        )
    if desk_recipe(opened).base:
        st.caption("All of this is of the dense network; what the desk's base has cut or trained is not in it.")
    first_cuts(opened, scan, reference, protected, choose)
    suggestion(opened, scan)
    cells(scan, reference.value, protected)
    closer(scan, reference.value)
    with st.expander("Compare criteria", icon=":material/balance:"):
        criteria(scan)


def dense_reading() -> Reading | None:
    """Return the dense network's reading by the scan's metric: it agrees with itself on every sample."""
    reference = dense(opened)
    if reference is None or opened.metric.name == METRIC:
        return reference.reading if reference else None
    return replace(reference.reading, metric=METRIC, value=1.0, correct=None, interval=None)


def cells(scan: scanning.Scan, value: float, protected: dict[str, str]) -> None:
    """Draw the heatmap; a click on a row's mark looks closer at it."""
    metric = st.segmented_control(
        "Colour by", list(METRICS), default="metric", required=True, format_func=METRICS.__getitem__, key="scan-metric"
    )
    alt = f"Heatmap: harm of cutting each of {len(scan.names)} parts alone, by sparsity"
    units = sizes(opened.structure, now.mode)
    heatmap = figures.heatmap(scan.points, scan.names, metric or "metric", value, units, protected)
    choosing_chart(heatmap, figures.table(scan.points, scan.names), "sensitivity", alt, choose)


def closer(scan: scanning.Scan, value: float) -> None:
    """Draw the curve of one group beside its weights."""
    name = chosen(scan.names)
    key, index = keyed("scanned", name), scan.names.index(name)
    st.selectbox(
        "Look closer at", scan.names, index, key=key, on_change=lambda: choose(by_hand("scanned") or name), width=320
    )
    own = [point for point in scan.points if point.name == name]
    curve, histogram = st.columns(2)
    with curve:
        chart(
            figures.curve(own, name, value),
            figures.table(own),
            "curve",
            f"{METRIC} of the network over the sparsity of {name}",
        )
    with histogram:
        question = weights(name)
        if question.error:
            st.error(literal(question.error), icon=":material/error:")
        elif question.answer is None:
            st.skeleton(height=360)
        else:
            weights_of = question.answer.weights
            alt = f"Histogram of the weights of {weights_of.dense.layer}, with what the desk cuts"
            chart(layer_histogram(weights_of), layer_histogram_table(weights_of), "scanned-weights", alt)


def criteria(scan: scanning.Scan) -> None:
    """Draw the stored scans of several criteria for one group, and offer to scan by another."""
    name = chosen(scan.names)
    scans = {criterion: scanning.current_scan(opened, criterion) for criterion in offered_criteria(opened)}
    points = {criterion: stored.points for criterion, stored in scans.items() if stored.points}
    alt = f"KL divergence over sparsity of {name} by {len(points)} criteria"
    chart(
        side_by_side.criteria(points, name, criterion_title), side_by_side.criteria_table(points, name), "criteria", alt
    )
    means = side_by_side.mean_harms(points, name)
    if len(means) > 1:
        listing = ", ".join(f"{literal(criterion_title(criterion))} {harm:.3f}" for criterion, harm in means.items())
        st.caption(
            f"**{literal(criterion_title(next(iter(means))))}** harms it least. Geometric mean of the KL divergence "
            f"over the sparsities that all were measured at, in nats: {listing}."
        )
    else:
        st.caption("Scan by another criterion to see which harms this part least.")
    other_criterion(opened, scans)


def chosen(names: tuple[str, ...]) -> str:
    """Return the group or layer that is looked at."""
    return now.scanned if now.scanned in names else names[0]


def choose(name: str) -> None:
    """Look closer at a group or layer."""
    now.scanned = name


def weights(name: str) -> Question:
    """Ask for the weights of a layer, or of the first of a group."""
    layers = [layer.name for layer in opened.structure.layers]
    layer = name if name in layers else opened.structure.group(name).layers[0]
    return picture(opened, desk_recipe(opened), layer)


def pending() -> bool:
    """Whether a scan runs, or something that the page shows is still being found out."""
    if any(jobs.running(scanning.owner(opened, criterion)) for criterion in tuple(CRITERIA)):
        return True
    if scanning.seconds(opened) is None:
        return True
    scan = scanning.current_scan(opened)
    if scan.points and not drafted(opened, scan).finished:
        return True
    return not weights(chosen(tuple(sizes(opened.structure, now.mode)))).finished


with st.container(horizontal=True, vertical_alignment="center"):
    mode_switch()
    st.caption(f"by the desk's criterion, {literal(criterion_title(desk_recipe(opened).criterion))}")
hint("sensitivity")
jobs.follow("scan", draw, pending, every=1.0)
bits_scan(opened)
