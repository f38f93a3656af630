"""The selected layer: its weights with the cut line, and the scores of its units."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.chart import chart
from prunekit.ui.desk import layer_row
from prunekit.ui.jobs import follow
from prunekit.ui.picture import Picture, picture
from prunekit.ui.reading import desk_recipe
from prunekit.ui.session import by_hand, keyed, session
from prunekit.ui.text import literal, percent

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def layer_view(opened: "Opened", with_row: bool = False) -> None:
    """Draw the picker and the selected layer's two charts; with a row, also the plain twin of its bar."""
    now, names = session(), [layer.name for layer in opened.structure.layers]
    layer = now.layer if now.layer in names else names[0]
    st.selectbox("Layer", names, names.index(layer), key=keyed("layer", layer), on_change=_select, width=320)
    if with_row:
        layer_row(opened, layer)

    def asked() -> bool:
        return not picture(opened, desk_recipe(opened), layer).finished

    follow("layer", lambda: _draw(opened, layer), asked)


def _select() -> None:
    session().layer = by_hand("layer") or session().layer


def _draw(opened: "Opened", layer: str) -> None:
    asked = picture(opened, desk_recipe(opened), layer)
    if asked.error:
        st.error(literal(asked.error), icon=":material/error:")
        return
    found: Picture | None = asked.answer
    if found is None:
        st.skeleton(height=360)
        return
    if not asked.finished:
        st.caption(":orange-badge[stale] drawn for the desk before it moved")
    left, right = st.columns(2)
    with left:
        _weights(found)
    with right:
        _scores(opened, found, layer)


def _weights(found: Picture) -> None:
    from prunekit.figures.weights import layer_histogram, layer_histogram_table

    changed = found.now != found.before
    if found.threshold is not None:
        made, shown_bins = layer_histogram(found.before, found.threshold), found.before
    else:
        made, shown_bins = layer_histogram(found.now, before=found.before if changed else None), found.now
    alt = f"Histogram of the weights of {found.before.layer}, {shown_bins.n:,} of them"
    chart(made, layer_histogram_table(shown_bins), "layer-weights", alt)
    if found.threshold is not None:
        share = found.now.zeros / max(1, found.now.n)
        st.caption(
            f"Weights between the lines, below {found.threshold:.4f}, are zeroed: {percent(share)} are zero now."
        )


def _scores(opened: "Opened", found: Picture, layer: str) -> None:
    from prunekit.figures.weights import unit_scores, unit_scores_table

    if found.scores is None:
        reason = opened.structure.layer(layer).protected or ""
        st.info(f"This layer's channels are protected: {literal(reason)}.", icon=":material/lock:")
        return
    kept, units = len(found.scores.kept), len(found.scores.values)
    alt = f"Scores of the {units} units of {found.scores.group}, lowest first; {kept} are kept"
    chart(unit_scores(found.scores), unit_scores_table(found.scores), "unit-scores", alt)
    st.caption(f"{kept} of {units} units stay. The lowest scores go first.")
