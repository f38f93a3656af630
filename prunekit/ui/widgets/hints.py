"""Short explanations of what is easily misunderstood; each can be closed for the rest of the session."""

import streamlit as st

from prunekit.ui.state.session import session

TEXTS = {
    "channels": (
        "Channels are really removed. A layer loses outputs and the next one inputs, so sparsity p everywhere removes "
        "about 1−(1−p)² of the parameters: half the channels is three quarters of them."
    ),
    "weights": (
        "Single weights are set to zero: dense FLOPs and latency unchanged, smaller only when compressed. "
        "Zeros keep their place in the file, so only the size after gzip falls."
    ),
    "sensitivity": (
        "Here every layer is cut alone, all others whole. Cuts together lose more than their sum, so that this says "
        "where to begin, not how far."
    ),
    "recover": (
        "A cut network has lost channels, not its training: one or two epochs of training bring most "
        "of what it could back."
    ),
    "compare": (
        "Every state of the bars you let go of is a run, and none is lost: undo and move on, and the history branches. "
        "Name or star the runs you care for; the marks keep them in sight when the history grows."
    ),
    "export": (
        "Nothing is offered before a fresh process has loaded it and found the outputs, the counts and the metric "
        "that were shown here."
    ),
    "weights page": "Weights near zero add little: a layer with a tall, narrow bump has much to give away.",
}


def hint(name: str) -> None:
    """Show an explanation unless it was closed."""
    if name in session().dismissed:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"hint-of-{name}"):
        with st.container(width="stretch"):  # the text wraps, so that the button stays beside it
            st.caption(f":material/lightbulb: {TEXTS[name]}")
        st.button(
            "Close",
            key=f"hint-{name}",
            icon=":material/close:",
            type="tertiary",
            on_click=session().dismissed.add,
            args=(name,),
        )
