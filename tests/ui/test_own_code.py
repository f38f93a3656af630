from dataclasses import replace

import pytest

from prunekit.criteria import CRITERIA
from prunekit.export.formats import FORMATS
from prunekit.recipe import Recipe
from prunekit.ui.state.session import Session
from prunekit.ui.widgets.text import literal


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


TITLE = "**b** $x^2$ :red[r] [l](javascript:1) _i_"


@pytest.mark.parametrize(
    ("page", "records", "name", "choices"),
    [
        ("tune", CRITERIA, "l1", lambda app: radio(app, "Criterion").options),
        ("tune", FORMATS, "onnx", lambda app: app.button_group(key="latency-runtime").options),
        ("export", FORMATS, "onnx", lambda app: app.button_group(key="formats").options),
    ],
)
def test_titles_of_ones_own_are_no_markdown(visit, monkeypatch, page, records, name, choices):
    record = replace(records[name], title=TITLE)
    if getattr(record, "runtime", None):
        record = replace(record, runtime=replace(record.runtime, title=TITLE))
    monkeypatch.setitem(records, name, record)
    assert literal(TITLE) in choices(visit(page))
