"""The buttons for undo, redo and reset, beside a page's title."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.state import moves
from prunekit.ui.state.reading import desk_recipe

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def history_buttons(opened: "Opened") -> None:
    """Draw the buttons for undo, redo and reset."""
    recipe = desk_recipe(opened)
    st.button(
        "Undo",
        icon=":material/undo:",
        on_click=moves.undo,
        args=(opened,),
        disabled=not moves.can_undo(opened),
        shortcut="Ctrl+Z",
    )
    st.button(
        "Redo",
        icon=":material/redo:",
        on_click=moves.redo,
        args=(opened,),
        disabled=not moves.can_redo(opened),
        shortcut="Ctrl+Y",
    )
    st.button(
        "Reset",
        icon=":material/restart_alt:",
        on_click=moves.reset,
        args=(opened,),
        disabled=recipe.is_dense and recipe.base is None,
    )
