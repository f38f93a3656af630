import pytest
from streamlit.testing.v1 import AppTest

from prunekit.ui.widgets import text


@pytest.mark.parametrize(
    ("n", "written"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.00 k"),
        (1_000, "1.00 k"),
        (78_000, "78.0 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (1_230_000, "1.23 M"),
    ],
)
def test_counts_keep_three_digits(n, written):
    assert text.count(n) == written


def test_nothing_changed_is_not_a_change_of_zero():
    assert text.change(3, 3) is None
    assert text.points(0.98104, 0.981) is None
    assert text.signed(0.1, 0.1) is None


def test_a_metric_reads_the_sign():
    assert text.change(1, 2).startswith("-")
    assert text.points(0.5, 0.6).startswith("-")


def page_of_names():
    import streamlit as st

    from prunekit.ui.widgets.text import literal

    st.markdown(literal(st.session_state.name))


@pytest.mark.parametrize(
    "name",
    ["layer_1.conv_2*", "<b>bold</b>", "[link](http://x)", ":red[x]", ":material/home:", "`code`", "$x^2$", "a\\b"],
)
def test_names_keep_their_characters(name):
    app = AppTest.from_function(page_of_names)
    app.session_state["name"] = name
    shown = app.run().markdown[0].value
    assert shown.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace("\u2060", "") == name
    assert ":material/" not in shown
