from prunekit.recipe import Recipe
from prunekit.ui.state.session import Session


def radio(app, label):
    return next(widget for widget in app.radio if widget.label.startswith(label))


def test_a_criterion_registered_by_whoever_started_the_server_is_offered_with_its_words(visit, own_code, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_USE", str(own_code))
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", channels={"layer1.0.conv1": 0.5})))
    criterion = radio(app, "Criterion")
    assert criterion.options[-1] == "Last units first"
    assert criterion.proto.captions[-1] == "The higher its number, the sooner a unit goes."
    criterion.set_value("backwards").run()
    assert app.session_state["session"].recipe.criterion == "backwards"
    assert not app.exception
