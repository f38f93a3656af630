"""A page that meets what nobody foresaw draws a sentence instead of the rest of itself."""

from streamlit.testing.v1 import AppTest

from prunekit.store.unforeseen import VARIABLE


def _page():
    import streamlit as st

    from prunekit.ui.net import net

    with net():
        st.title("Before")
        {}["nobody"]
        st.title("After")
    st.caption("below")


def test_a_page_says_one_sentence_and_names_its_log(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path))
    app = AppTest.from_function(_page).run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Before"]
    assert app.caption[0].value == "below"
    (log,) = (tmp_path / "logs").iterdir()
    assert log.name in app.error[0].value.replace("\\", "")
    assert "KeyError" in log.read_text()


def test_in_a_test_the_exception_is_seen():
    assert AppTest.from_function(_page).run().exception
