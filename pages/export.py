from pathlib import Path

import streamlit as st

from prunekit.errors import listed
from prunekit.export.bundle import zipped
from prunekit.export.formats import FORMATS, offered
from prunekit.records import Check, Evaluation, ExportedFile, Reading
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.state import jobs
from prunekit.ui.state.reading import desk_recipe, measure
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.summary import exact, standing, summary
from prunekit.ui.widgets.text import interval, literal, percent, sampled, size

opened = opened_task("Export")

from prunekit import verbs  # noqa: E402 - brings torch, so after the title is painted

recipe = desk_recipe(opened)
owner = jobs.owner(opened, "export", recipe.digest, opened.test_digest)
folder = opened.workspace.exports / f"{opened.task.name}-{opened.key.digest}-{recipe.digest}"


def start(formats: list[str]) -> None:
    """Start the export of what is on the desk."""
    jobs.start(owner, "Export", lambda: verbs.export(opened, recipe, folder, formats))


def draw() -> None:
    """Draw the desk and, once it was started, the export."""
    summary(opened)
    ticket = jobs.started(owner)
    is_running = ticket is not None and not ticket.finished
    always = listed([format.title.lower() for format in FORMATS.values() if format.always])
    choices = offered(has_train=opened.task.data.train is not None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        formats = st.pills(
            f"Besides {always}",
            list(choices),
            selection_mode="multi",
            format_func=lambda name: literal(choices[name].title),
            key="formats",
            disabled=is_running,
            help=" ".join(literal(format.caption) for format in choices.values()),
        )
        st.button(
            "Export and prove" if ticket is None else "Export again",
            icon=":material/verified:",
            on_click=start,
            args=(formats,),
            disabled=is_running or exact(opened) is None,
            help="Writes the files, then proves each in a fresh process. Waits for the exact reading.",
        )
    if ticket is None:
        st.caption(f"Writes {always}, what loads them, and the recipe: ten seconds; ONNX as long again.")
        return
    progress(ticket, "files and checks")
    records = ticket.snapshot().records
    checked = [record for record in records if isinstance(record, Check)]
    files = next((record for record in records if isinstance(record, tuple)), ())
    if files:
        verdict(checked, [record.reading for record in records if isinstance(record, Evaluation)])
        downloads(files)
    checks(checked, is_running)
    if files:
        loading(files)


def verdict(checked: list[Check], readings: list[Reading]) -> None:
    """Say whether what was written is what was measured, what is not there and why, and how well it does."""
    st.subheader("Is it what was measured?", anchor=False)
    passed = sum(check.ok for check in checked)
    st.success(
        f"Yes. A fresh process loaded every file; all {passed} checks of outputs, counts and "
        f"{literal(opened.task.metric)} passed.",
        icon=":material/verified:",
    )
    for check in checked:
        if not check.ok:
            st.warning(literal(check.detail), icon=":material/info:")
    if opened.task.data.test is None:
        st.caption("This task has no test split, so nothing was read that tuning did not see.")
    tested(readings)


def checks(checked: list[Check], is_open: bool) -> None:
    """Draw what was proved, one line each."""
    if not checked:
        return
    label = f"Every check ({len(checked)})"
    with st.expander(label, expanded=is_open, icon=":material/fact_check:"), st.container(gap="xsmall"):
        for check in checked:
            icon = ":blue[:material/check_circle:]" if check.ok else ":orange[:material/cancel:]"
            st.markdown(f"{icon} **{literal(check.name)}**: {literal(check.detail)}")


def tested(readings: list[Reading]) -> None:
    """Draw the test accuracy, which nothing was tuned on."""
    for reading in readings:
        if reading.split == "test":
            bounds = f", 95 % interval {interval(reading.interval)}" if reading.interval else ""
            st.markdown(
                f"On the **test** split, read once for this export: **{percent(reading.value)}** "
                f"{literal(reading.metric)} ({sampled(reading)} samples{bounds})."
            )


def downloads(files: tuple[ExportedFile, ...]) -> None:
    """Draw the files that proved equal."""
    st.subheader("What can I take with me?", anchor=False)
    cost = standing(opened)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch"):
            st.markdown(f"Tensors: **{size(cost.dense.bytes)}** before, **{size(cost.cost.bytes)}** after.")
        st.download_button(
            "Download all as one zip",
            lambda: zipped(folder),
            f"{opened.task.name}-{recipe.digest}.zip",
            key="download-zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            help="Every file, the manifest and the recipe in one folder; prunekit verify proves it wherever it is.",
        )
    for file in filter(lambda file: file.caption, files):
        path = Path(file.path)
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{literal(path.name)}** · {size(file.bytes)}")
                st.caption(literal(file.caption))
            st.download_button(
                "Download",
                path.read_bytes,
                path.name,
                key=f"download-{path.name}",
                icon=":material/download:",
                on_click="ignore",
            )


def loading(files: tuple[ExportedFile, ...]) -> None:
    """Draw the snippet that loads the checkpoint, where there is one."""
    snippet = next((Path(file.path) for file in files if file.path.endswith(".py")), None)
    if snippet is not None:
        st.subheader("How do I load it?", anchor=False)
        st.code(snippet.read_text(), language="python")


hint("export")
if recipe.is_dense and recipe.base is None:
    st.info("Nothing is cut yet, so this would export the network as it is.", icon=":material/info:")
    link("tune", "Cut something on the desk first")
jobs.follow("export", draw, lambda: jobs.running(owner) or not measure(opened).finished)
