"""Recipes in and out as JSON: the desk's as a download, another's as a file or as pasted text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.recipe import Recipe
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import session, shown
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

MOST = 1
"""The largest size of a recipe file in megabytes; the recipe of the largest network has a hundredth of that."""


def recipe_menu(opened: "Opened") -> None:
    """Draw the menu that saves the desk's recipe and puts another one on the desk.

    A recipe that cannot be read or does not fit the task changes nothing and is answered with a sentence.
    """
    with st.popover("Recipe", icon=":material/data_object:", help="Save the bars as a JSON file, or open one"):
        st.download_button(
            "Save the desk's recipe",
            desk_recipe(opened).to_text(),
            f"{opened.task.name}-recipe.json",
            "application/json",
            key="recipe-save",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
        st.file_uploader(
            "Open a recipe file",
            type="json",
            max_upload_size=MOST,
            key="recipe-file",
            on_change=_take_file,
            args=(opened,),
        )
        st.text_area("Or paste a recipe", key="recipe-text", placeholder='{"channels": {"conv1": 0.5}}', height=120)
        st.button("Put it on the desk", key="recipe-take", on_click=_take_text, args=(opened,))
        follow("recipe", lambda: _outcome(opened), _pending)


def _take_file(opened: "Opened") -> None:
    file = shown("recipe-file")
    if file is not None:
        _check(opened, file.getvalue())


def _take_text(opened: "Opened") -> None:
    _check(opened, (shown("recipe-text") or "").encode())


def _check(opened: "Opened", text: bytes) -> None:
    """Ask the worker whether a recipe fits, since that may have to read the weights of a recovered run."""

    def work() -> Iterator[Recipe]:
        from prunekit import verbs

        yield verbs.check(opened, Recipe.from_text(text))

    session().questions.pop("recipe", None)  # the same text again is a new question: the history may have changed
    ask("recipe", (opened.key, text), work)


def _pending() -> bool:
    question = session().questions.get("recipe")
    return question is not None and not question.finished


def _outcome(opened: "Opened") -> None:
    now = session()
    question = now.questions.get("recipe")
    if question is None:
        return
    if not question.finished:
        st.caption("Reading the recipe …")
    elif question.error:
        st.error(f"{literal(question.error)} The desk is as it was.", icon=":material/error:")
    else:
        del now.questions["recipe"]
        with now.moving:
            now.recipe = question.answer
        st.rerun()
