import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.ui.session import Session
from tests.ui.conftest import desk, settle


def metric(app, label):
    return next(found for found in app.metric if found.label.startswith(label))


def slider(app, layer):
    return next(found for found in app.slider if found.key.startswith(f"desk-channels-{layer}-slider"))


def box(app, layer):
    return next(found for found in app.number_input if found.key.startswith(f"desk-channels-{layer}-box"))


def button(app, label):
    return next(found for found in app.button if found.label == label)


def test_the_first_visit_shows_what_the_card_says(visit):
    app = visit()
    assert metric(app, "Accuracy").label.endswith("[measured]")
    assert metric(app, "Accuracy").value == "98.1 %"
    assert metric(app, "Parameters").value == "77.8 k"


def test_linked_layers_and_boxes_follow_and_the_readings_are_the_verbs(visit, workspace):
    app = visit()
    slider(app, "conv1").set_value(50.0)
    app = settle(app.run())
    assert [slider(app, "conv1").value, slider(app, "layer1.0.conv2").value] == [50.0, 50.0]
    assert [box(app, "conv1").value, box(app, "layer1.0.conv2").value] == [50.0, 50.0]
    assert desk(app).recipe == Recipe("resnet8", channels={"conv1": 0.5})
    opened = verbs.open_task("resnet8", workspace)
    expected = verbs.last(verbs.evaluate(opened, desk(app).recipe))
    assert metric(app, "Accuracy").value == f"{100 * expected.reading.value:.1f} %"
    assert f"{expected.cost.params:,}" in [caption.value for caption in app.caption]


def test_the_old_accuracy_is_stale_until_the_new_one_is_there(visit):
    app = visit()
    slider(app, "layer3.0.conv1").set_value(50.0).run()
    # Counts are there at once, whatever the worker has done meanwhile.
    # 32 of 64 channels: 32·288 weights, 64 BatchNorm entries and 64·32·9 weights that read them go of 77,754.
    assert "50,042" in [caption.value for caption in app.caption]
    assert metric(app, "Accuracy").label.split("[")[1] in ("stale]", "measuring]", "measured]")
    assert metric(app, "Accuracy").value.endswith("%")
    assert metric(settle(app), "Accuracy").label.endswith("[measured]")


def test_undo_and_redo_are_runs_that_outlive_the_tab(visit):
    app = visit()
    slider(app, "layer3.0.conv1").set_value(30.0)
    app = settle(app.run())
    box(app, "layer2.0.conv1").set_value(20.0)
    app = settle(app.run())
    both = Recipe("resnet8", channels={"layer3.0.conv1": 0.3, "layer2.0.conv1": 0.2})
    assert desk(app).recipe == both
    button(app, "Undo").click()
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", channels={"layer3.0.conv1": 0.3})
    assert slider(app, "layer2.0.conv1").value == 0
    button(app, "Redo").click()
    app = settle(app.run())
    assert desk(app).recipe == both
    assert desk(visit()).recipe == both


def test_reset_can_be_undone(visit):
    cut = Recipe("resnet8", channels={"layer3.0.conv1": 0.3})
    app = visit(session=Session("resnet8", recipe=cut))
    button(app, "Reset").click()
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8")
    button(app, "Undo").click()
    assert desk(settle(app.run())).recipe == cut


def test_protected_layers_cannot_move_and_say_why(visit):
    app = visit()
    assert slider(app, "fc").disabled
    assert ":material/lock: protected: network output" in [caption.value for caption in app.caption]


@pytest.mark.parametrize("preset", ["uniform", "global"])
def test_a_preset_is_what_the_verb_says(visit, workspace, preset):
    app = visit()
    app.button_group(key="preset-name").set_value(preset).run()
    button(app, "Apply").click()
    app = settle(settle(app.run()))
    expected = verbs.preset(verbs.open_task("resnet8", workspace), preset, 0.5)
    assert desk(app).recipe.channels == expected.channels


def test_the_sensitivity_preset_without_a_scan_says_what_to_do(visit):
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", criterion="l1", seed=7)))
    app.button_group(key="preset-name").set_value("sensitivity").run()
    button(app, "Apply").click()
    app.run()
    while "preset" in desk(app).asked:
        desk(app).asked["preset"].ticket.wait(60)
        app.run()
    assert any("run a scan first" in error.value for error in app.error)


def test_weights_mode_keeps_the_counts_and_zeroes_the_share(visit):
    app = visit(session=Session("resnet8", mode=Mode.WEIGHTS))
    found = next(s for s in app.slider if s.key.startswith("desk-weights-layer3.0.conv2-slider"))
    found.set_value(50.0)
    app = settle(app.run())
    assert metric(app, "Parameters").value == "77.8 k"
    # 36,864 weights, half of them zero.
    assert "59.3 k of them not zero" in [caption.value for caption in app.caption]
    assert any("dense FLOPs and latency unchanged" in caption.value for caption in app.caption)


def test_a_collapse_is_named_with_the_way_out(visit):
    cut = dict.fromkeys(("conv1", "layer1.0.conv1", "layer2.0.conv1"), 1.0)
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", channels=cut, recalibrate=False)))
    assert any(warning.value.startswith("Collapsed") for warning in app.warning)


def test_another_task_takes_the_desk_over(visit):
    app = visit()
    slider(app, "conv1").set_value(50.0)
    app = settle(app.run())
    app.selectbox(key="task").set_value("article").run()
    app = settle(app)
    assert not app.exception
    assert desk(app).recipe == Recipe("article")
    assert metric(app, "Parameters").value == "351 k"
