from streamlit.testing.v1 import AppTest


def two_widgets_of_one_value():
    import streamlit as st

    from prunekit.ui.state.session import by_hand, keyed, session

    now = session("resnet8")
    st.session_state.setdefault("value", 0)
    st.session_state.setdefault("moves", [])

    def moved(widget):
        value = by_hand(widget)
        if value is not None:
            st.session_state.moves.append((widget, value))
            st.session_state.value = value

    for widget in ("left", "right"):
        value = st.session_state.value
        st.slider(widget, 0, 100, value, key=keyed(widget, value), on_change=moved, args=(widget,))
    st.write(now.id)


def test_a_widget_follows_its_twin_under_a_new_key_and_keeps_its_own_under_a_hand():
    app = AppTest.from_function(two_widgets_of_one_value).run()
    identity = app.markdown[0].value
    app.slider(key="left-0").set_value(30).run()
    assert app.slider(key="left-0").value == 30
    assert app.slider(key="right-1").value == 30
    app.slider(key="right-1").set_value(70).run()
    assert app.slider(key="left-1").value == 70
    assert app.session_state.moves == [("left", 30), ("right", 70)]
    assert app.markdown[0].value == identity


def a_button_that_moves_once():
    import streamlit as st

    from prunekit.ui.state.session import keyed, once, session

    session("resnet8")
    st.session_state.setdefault("moves", [])
    key = keyed("mark", len(st.session_state.moves))

    def moved():
        for _ in range(3):  # as the browser reports a click until it hears of the new key
            if once("mark", key) is not None:
                st.session_state.moves.append(key)

    st.button("mark", key=key, on_click=moved)


def test_a_move_that_is_reported_again_counts_once():
    app = AppTest.from_function(a_button_that_moves_once).run()
    app.button[0].click().run()
    app.button[0].click().run()
    first, second = app.session_state.moves
    assert first != second


def test_a_tab_keeps_one_session_and_forgets_a_task_that_it_leaves():
    from prunekit.recipe import Recipe
    from prunekit.records import Mode
    from prunekit.ui.state.session import Session

    now = Session("resnet8", mode=Mode.WEIGHTS, recipe=Recipe("resnet8"), layer="fc", dismissed={"export"})
    now.clear_desk()
    assert (now.recipe, now.layer, now.questions) == (None, None, {})
    assert (now.mode, now.dismissed) == (Mode.WEIGHTS, {"export"})
