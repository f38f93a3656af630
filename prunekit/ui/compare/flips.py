"""The samples that two runs see differently, as pictures, a page of them at a time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures.difference import flips_table, shifts_table
from prunekit.records import Comparison, Flip, Thumbnail
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.session import Question
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal, percent, shape

if TYPE_CHECKING:
    from prunekit.verbs import Opened

PAGE = 24
"""Pictures on one page."""
WIDTH = 104
RIGHT = {"all": "All", "first": "Only the first is right", "second": "Only the second is right", "neither": "Neither"}


def flips(opened: "Opened", comparison: Comparison, names: tuple[str, str]) -> None:
    """Draw the samples whose predicted class differs.

    Args:
        opened: the task.
        comparison: the comparison.
        names: what the two runs are called.
    """
    st.subheader("Which images do they see differently?", anchor=False)
    if comparison.shifts:
        _shifts(opened, comparison, names)
        return
    if not comparison.flips:
        st.caption("None: both predict the same class for every sample.")
        return
    chosen = _choose(comparison)
    pages = -(-len(chosen) // PAGE)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key=f"flips-{pages}")
    some = chosen[(page - 1) * PAGE : page * PAGE]
    st.caption(f"Under each image its class, then what {literal(names[0])} says → what {literal(names[1])} says.")
    indices = tuple(flip.index for flip in some)

    def captioned(pictures: Sequence[Thumbnail]) -> None:
        for flip, picture in zip(some, pictures, strict=True):
            _picture(flip, picture, comparison.classes)

    follow("flips", lambda: _draw(opened, indices, captioned), lambda: not _thumbnails(opened, indices).finished)
    with st.expander("As a table", icon=":material/table:", type="compact"):
        table(flips_table(comparison), "flips", "Samples that the two runs see differently")


def _shifts(opened: "Opened", comparison: Comparison, names: tuple[str, str]) -> None:
    """Draw the samples whose own figure differs most, where no sample is right or wrong as a whole."""
    pages = -(-len(comparison.shifts) // PAGE)
    page = st.pagination(pages, key=f"shifts-{pages}") if pages > 1 else 1
    some = comparison.shifts[(page - 1) * PAGE : page * PAGE]
    metric = comparison.evaluations[0].reading.metric
    st.caption(
        f"The largest differences first: under each image the {literal(metric)} of this image alone, by "
        f"{literal(names[0])} → by {literal(names[1])}."
    )
    indices = tuple(shift.index for shift in some)

    def captioned(pictures: Sequence[Thumbnail]) -> None:
        for shift, picture in zip(some, pictures, strict=True):
            with st.container(width=WIDTH, gap=None):
                words = f"{percent(shift.a, 0)} → {percent(shift.b, 0)}"
                st.image(picture.uri, width=WIDTH, alt=f"Sample {shift.index}: {words}")
                st.markdown(words)

    follow("flips", lambda: _draw(opened, indices, captioned), lambda: not _thumbnails(opened, indices).finished)
    with st.expander("As a table", icon=":material/table:", type="compact"):
        table(shifts_table(comparison), "shifts", "Samples whose own figure differs between the two runs")


def _choose(comparison: Comparison) -> tuple[Flip, ...]:
    sides = {name: tuple(flip for flip in comparison.flips if name in ("all", flip.right)) for name in RIGHT}
    side = st.segmented_control(
        "Which of them",
        [name for name in RIGHT if sides[name]],
        default="all",
        required=True,
        format_func=lambda name: f"{RIGHT[name]} ({len(sides[name]):,})",
        key="flips-side",
        label_visibility="collapsed",
    )
    return sides.get(side or "all") or sides["all"]


def _thumbnails(opened: "Opened", indices: tuple[int, ...]) -> Question:
    def work() -> Sequence[tuple[Thumbnail, ...]]:
        from prunekit import verbs

        return [verbs.thumbnails(opened, indices)]

    return ask("flips", (opened.key, indices), work)


def _draw(opened: "Opened", indices: tuple[int, ...], captioned: Callable[[Sequence[Thumbnail]], None]) -> None:
    pictures: tuple[Thumbnail, ...] | None = _thumbnails(opened, indices).ticket.snapshot().latest
    if pictures is None:
        st.caption("Drawing …")
    elif not pictures:
        st.caption(f"Inputs of {shape(opened.task.example.shape[1:])} are no images; the table lists them.")
    else:
        with st.container(horizontal=True):
            captioned(pictures)


def _picture(flip: Flip, picture: Thumbnail, classes: Sequence[str]) -> None:
    target, a, b = (classes[index] for index in (flip.target, flip.a, flip.b))
    with st.container(width=WIDTH, gap=None):
        st.image(picture.uri, width=WIDTH, alt=f"Sample {flip.index}, class {target}: {a} becomes {b}")
        st.markdown(f"**{literal(target)}**")
        st.markdown(f"{_badge(a, flip.a == flip.target)} → {_badge(b, flip.b == flip.target)}")


def _badge(name: str, is_right: bool) -> str:
    return f":{'blue' if is_right else 'orange'}-badge[{literal(name)}{' ✓' if is_right else ''}]"
