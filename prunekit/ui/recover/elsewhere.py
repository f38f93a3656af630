"""Training elsewhere: the smaller network is taken along, and its new weights are adopted by upload."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.foreign import NOTE
from prunekit.ui.navigation import link
from prunekit.ui.recover.recovery import parent
from prunekit.ui.state import jobs, reading
from prunekit.ui.state.recovered import owner
from prunekit.ui.state.session import shown

if TYPE_CHECKING:
    from prunekit.verbs import Opened

LABEL = "Adopting"
"""The label of the job that adopts weights."""


def adoption(opened: "Opened") -> None:
    """Draw how to export the smaller network and a form to upload its trained weights."""
    with st.expander("I trained it elsewhere", icon=":material/sync_alt:"):
        zeros = ""
        if reading.desk_recipe(opened).weights:
            zeros = " Its zeroed weights have to stay zero: `desk.masks(recipe)` says which."
        st.markdown(
            "Take the smaller network along as files from Export, or in a notebook as `desk.prune(recipe).model`; "
            f"train it as you always do, and bring its weights back here.{zeros}"
        )
        link("export", "Export the smaller network")
        upload = st.file_uploader(
            "Weights of the desk's network",
            type=["safetensors", "pt", "pth", "ckpt"],
            key="adopted-weights",
            help="A safetensors file, or a state dict that torch.save wrote. It is read as data; no code in it runs."
            f"{NOTE}",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Note", max_chars=60, key="adopted-note", placeholder="adopted", width=300)
            st.button(
                "Adopt",
                icon=":material/input:",
                on_click=_adopt,
                args=(opened,),
                disabled=upload is None,
                help="Checked against the desk's recipe and measured; the desk then starts from it.",
            )


def _adopt(opened: "Opened") -> None:
    from prunekit import verbs

    upload = shown("adopted-weights")
    if upload is None:
        return
    content, note = upload.getvalue(), shown("adopted-note") or ""
    recipe, cut = reading.desk_recipe(opened), parent(opened)
    jobs.start(owner(opened), LABEL, lambda: verbs.adopt(opened, content, recipe, note, cut))
