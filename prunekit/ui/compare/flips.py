"""The samples that two runs see differently, as pictures, a page of them at a time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.figures.difference import flips_table, shifts_table
from prunekit.records import Comparison, Flip, Thumbnail
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.session import Asked
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal, percent, shape

if TYPE_CHECKING:
    from prunekit.verbs import Opened

PAGE = 24
"""Pictures on one page."""
WIDTH = 104
RIGHT = {"all": "All", "first": "Only the first is right", "second": "Only the second is right", "neither": "Neither"}


def flips(opened: "Opened", found: Comparison, names: tuple[str, str]) -> None:
    """Draw the samples whose predicted class differs.

    Args:
        opened: the task.
        found: the comparison.
        names: what the two runs are called.
    """
    st.subheader("Which images do they see differently?", anchor=False)
    if found.shifts:
        _shifts(opened, found, names)
        return
    if not found.flips:
        st.caption("None: both predict the same class for every sample.")
        return
    chosen = _choose(found)
    pages = -(-len(chosen) // PAGE)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key=f"flips-{pages}")
    some = chosen[(page - 1) * PAGE : page * PAGE]
    st.caption(f"Under each image its class, then what {literal(names[0])} says → what {literal(names[1])} says.")
    indices = tuple(flip.index for flip in some)

    def captioned(pictures: Sequence[Thumbnail]) -> None:
        for flip, picture in zip(some, pictures, strict=True):
            _picture(flip, picture, found.classes)

    follow("flips", lambda: _draw(opened, indices, captioned), lambda: not _asked(opened, indices).finished)
    with st.expander("As a table", icon=":material/table:", type="compact"):
        table(flips_table(found), "flips", "Samples that the two runs see differently")


def _shifts(opened: "Opened", found: Comparison, names: tuple[str, str]) -> None:
    """Draw the samples whose own figure differs most, where no sample is right or wrong as a whole."""
    pages = -(-len(found.shifts) // PAGE)
    page = st.pagination(pages, key=f"shifts-{pages}") if pages > 1 else 1
    some = found.shifts[(page - 1) * PAGE : page * PAGE]
    metric = found.evaluations[0].reading.metric
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

    follow("flips", lambda: _draw(opened, indices, captioned), lambda: not _asked(opened, indices).finished)
    with st.expander("As a table", icon=":material/table:", type="compact"):
        table(shifts_table(found), "shifts", "Samples whose own figure differs between the two runs")


def _choose(found: Comparison) -> tuple[Flip, ...]:
    sides = {name: tuple(flip for flip in found.flips if name in ("all", flip.right)) for name in RIGHT}
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


def _asked(opened: "Opened", indices: tuple[int, ...]) -> Asked:
    def work() -> Sequence[tuple[Thumbnail, ...]]:
        from prunekit import verbs

        return [verbs.thumbnails(opened, indices)]

    return ask("flips", (opened.key, indices), work)


def _draw(opened: "Opened", indices: tuple[int, ...], captioned: Callable[[Sequence[Thumbnail]], None]) -> None:
    pictures: tuple[Thumbnail, ...] | None = _asked(opened, indices).ticket.snapshot().latest
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
        st.markdown(f"{_said(a, flip.a == flip.target)} → {_said(b, flip.b == flip.target)}")


def _said(name: str, is_right: bool) -> str:
    return f":{'blue' if is_right else 'orange'}-badge[{literal(name)}{' ✓' if is_right else ''}]"
