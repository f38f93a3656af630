import json

from prunekit import verbs
from prunekit.criteria import criterion_title
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.ui.state.session import Session
from tests.ui.conftest import desk, settle

LAYER = "layer3.0.conv1"
CUT = Recipe("resnet8", channels={LAYER: 0.5})


def charts(app):
    """The drawn charts by their titles, as plain JSON values."""
    found = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return {chart["layout"]["title"]["text"]: chart for chart in found}


def traces(app, question):
    return {trace.get("name", trace["type"]): trace for trace in charts(app)[question]["data"]}


def picker(app, label):
    return next(found for found in app.multiselect if found.label == label)


def metric(app, label):
    return next(found for found in app.metric if found.label.startswith(label))


def test_the_page_answers_every_question_about_a_first_convolution(visit):
    app = visit("weights", session=Session("resnet8"))
    assert list(charts(app)) == [
        "Where do the weights of every layer lie?",
        "Which weights of conv1 go, and which stay?",
        "Which units of conv1 go first?",
        "Do the criteria agree on what goes first in conv1?",
        "What do the kernels of conv1 look for?",
        "How much of each layer's output is zero?",
    ]
    (agreement,) = charts(app)["Do the criteria agree on what goes first in conv1?"]["data"]
    names = ["l2", "l1", "bn_scale", "wanda", "lamp", "random", "taylor"]
    assert agreement["x"] == [criterion_title(name) for name in names]


def test_dropping_a_unit_is_a_move_on_the_desk_that_can_be_taken_back(visit, workspace):
    app = visit("weights", session=Session("resnet8", layer=LAYER))
    picker(app, "Always drop").set_value([5])
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", drop={LAYER: (5,)})
    # One channel of 64: 32·9 weights in, a scale and a shift, and 64·9 weights that read it go of 77,754.
    opened = verbs.open_task("resnet8", workspace)
    assert verbs.cost(opened, desk(app).recipe).params == 77_754 - 288 - 2 - 576
    assert metric(app, "Parameters").value == "76.9 k"
    assert metric(app, "Accuracy").label.endswith("[measured]")
    assert traces(app, f"Which units of {LAYER} go first?")["dropped by hand"]
    assert [run.recipe for run in verbs.history(opened)] == [desk(app).recipe]
    next(button for button in app.button if button.label == "Undo").click()
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8")
    assert picker(app, "Always drop").value == []


def test_what_is_picked_in_one_list_leaves_the_other(visit):
    app = visit("weights", session=Session("resnet8", layer=LAYER, recipe=Recipe("resnet8", drop={LAYER: (5, 6)})))
    picker(app, "Always keep").set_value([5])
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", keep={LAYER: (5,)}, drop={LAYER: (6,)})
    assert picker(app, "Always drop").value == [6]


def test_a_whole_group_cannot_be_dropped(visit):
    app = visit("weights", session=Session("resnet8", layer=LAYER))
    picker(app, "Always drop").set_value(list(range(64)))
    app = app.run()
    assert desk(app).recipe == Recipe("resnet8")
    assert [toast.value for toast in app.toast] == ["At least one unit has to stay: a cut never removes a whole group."]
    assert picker(settle(app), "Always drop").value == []


def test_the_cut_moves_with_the_bar(visit):
    app = visit("weights", session=Session("resnet8", layer=LAYER, recipe=CUT))
    drawn = traces(app, f"Which weights of {LAYER} go, and which stay?")
    # 64·32·9 weights, half of them in the channels that go
    assert (sum(drawn["kept"]["y"]), sum(drawn["removed"]["y"])) == (9_216, 9_216)
    bar = next(slider for slider in app.slider if slider.key.startswith(f"desk-channels-{LAYER}-slider"))
    bar.set_value(75.0)
    app = settle(app.run())
    assert sum(traces(app, f"Which weights of {LAYER} go, and which stay?")["kept"]["y"]) == 4_608
    (line,) = charts(app)[f"Which units of {LAYER} go first?"]["layout"]["shapes"]
    assert line["x0"] == 47.5  # 48 of 64 units go


def test_a_cut_of_single_weights_has_its_lines(visit):
    recipe = Recipe("resnet8", weights={LAYER: 0.5})
    app = visit("weights", session=Session("resnet8", mode=Mode.WEIGHTS, layer=LAYER, recipe=recipe))
    low, high = charts(app)[f"Which weights of {LAYER} go, and which stay?"]["layout"]["shapes"]
    assert low["x0"] == -high["x0"] < 0
    assert any("50.0 % of them zero" in caption.value for caption in app.caption)


def test_before_and_after_and_the_other_views(visit):
    app = visit("weights", session=Session("resnet8", layer=LAYER, recipe=CUT))
    app.button_group(key="weights-view").set_value("Before and after").run()
    app.button_group(key="weights-scale").set_value("Log").run()
    app.button_group(key="overview-shape").set_value("Ridges").run()
    app = settle(app)
    overlay = charts(app)[f"How did the weights of {LAYER} change?"]
    assert overlay["layout"]["yaxis"]["type"] == "log"
    assert [sum(trace["y"]) for trace in overlay["data"]] == [9_216, 18_432]
    ridges = traces(app, "What shape do the weights of every layer have?")
    assert list(ridges) == ["on the desk", "dense"]


def test_a_protected_layer_says_why_it_has_no_scores(visit):
    app = visit("weights", session=Session("resnet8", layer="fc"))
    assert any("channels are protected: network output" in info.value for info in app.info)
    assert not app.multiselect
    assert len(charts(app)) == 3


def test_activations_come_from_validation_data(visit):
    app = visit("weights", session=Session("resnet8", recipe=CUT))
    drawn = traces(app, "How much of each layer's output is zero?")
    assert list(drawn) == ["on the desk", "dense"]
    assert any("on 250 validation samples" in caption.value for caption in app.caption)
