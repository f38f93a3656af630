"""The words of the screen: the page that lists them, and every page of the desk held against that list."""

import json
import re

import pytest

from prunekit.recipe import Recipe
from prunekit.ui.navigation import SECTIONS
from prunekit.ui.state.session import Session
from prunekit.words import WORDS, meaning, page
from tools.app_server import ROOT

PAGES = [name for pages in SECTIONS.values() for name in pages]
SHOWN = ("value", "label", "help", "body", "placeholder")


def texts(app):
    """Everything that is written on a page, but for its charts."""
    for kind in ("markdown", "caption", "metric", "button", "button_group", "toggle", "number_input", "selectbox",
                 "slider", "info", "warning", "error", "success", "subheader", "title", "expander", "checkbox",
                 "text_input", "download_button"):  # fmt: skip
        for element in app.get(kind):
            for name in SHOWN:
                if isinstance(text := getattr(element, name, None) or getattr(element.proto, name, None), str):
                    yield text


def axes(app):
    """The titles of all axes on a page, without what they say of protected groups and of marks."""
    for element in app.get("plotly_chart"):
        layout = json.loads(element.proto.spec)["layout"]
        for name, axis in layout.items():
            title = axis.get("title", {}).get("text", "") if re.fullmatch(r"[xy]axis\d*", name) else ""
            if title:
                yield title.split("<br>")[0]


def test_the_page_of_words_is_the_table():
    assert (ROOT / "docs" / "words.md").read_text() == "\n".join(page()) + "\n"


def test_every_word_is_explained_once_and_no_word_is_ruled_out_by_another():
    assert all(word.meaning.endswith(".") for word in WORDS.values())
    ruled_out = [other for word in WORDS.values() for other in word.instead_of]
    assert not [name for name in WORDS for other in ruled_out if other.strip(" ,") == name]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_uses_a_word_that_another_stands_for(visit, name):
    app = visit(name, session=Session("resnet8", recipe=Recipe("resnet8", channels={"layer3.0.conv1": 0.5})))
    assert not app.exception
    written = [*texts(app), *axes(app)]
    assert len(written) > 5
    for word in WORDS.values():
        for other in word.instead_of:
            assert not [text for text in written if other in text.lower()], f"{other!r}, where {word.name!r} is meant"


@pytest.mark.parametrize("name", ["weights", "recover"])
def test_axes_are_named_by_words_of_the_table(visit, name):
    app = visit(name, session=Session("resnet8", recipe=Recipe("resnet8", channels={"layer3.0.conv1": 0.5})))
    titles = [*axes(app)]
    assert titles or name == "recover"
    assert [title for title in titles if not title.startswith(tuple(WORDS))] == []


def test_the_settings_of_a_recovery_are_explained_by_the_table(visit):
    app = visit("recover", session=Session("resnet8", recipe=Recipe("resnet8", channels={"layer3.0.conv1": 0.5})))
    controls = [*app.get("button_group"), *app.toggle, *app.number_input]
    helps = {control.label.lower(): control.proto.help for control in controls}
    explained = {name for name in helps if name in WORDS}
    assert explained >= {"epochs", "batch size", "optimizer", "distillation", "peak learning rate", "reconstruct first"}
    assert all(helps[name] == meaning(name) for name in explained)
