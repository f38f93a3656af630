import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.ui.state.session import Session
from tests.ui.conftest import bars, desk, settle, tiles


def slider(app, layer):
    return next(found for found in app.slider if found.key.startswith(f"desk-channels-{layer}-slider"))


def box(app, layer):
    return next(found for found in app.number_input if found.key.startswith(f"desk-channels-{layer}-box"))


def pull(app, values, *, phase="commit", pinned=(), layout=None):
    """Move bars as the browser would say it."""
    given = bars(app)
    moved = {
        "rev": given["reply"]["rev"] + 1,
        "phase": phase,
        "layout": layout or given["layout"],
        "focus": next(bar["name"] for bar in given["bars"] if bar["key"] in values),
        "values": {**given["values"], **values},
        "pinned": list(pinned),
    }
    app.session_state["equalizer"] = {"desk": moved}
    return app.run()


def button(app, label):
    return next(found for found in app.button if found.label == label)


def test_the_first_visit_shows_what_the_card_says(visit):
    found = tiles(visit())
    assert (found["accuracy"]["value"], found["accuracy"]["status"]) == ("98.1 %", "measured")
    assert (found["params"]["value"], found["params"]["status"]) == ("77.8 k", "exact")


def test_linked_bars_move_as_one_and_the_readings_are_the_verbs(visit, workspace):
    app = settle(pull(visit(), {"conv1": 0.5}))
    assert desk(app).recipe == Recipe("resnet8", channels={"conv1": 0.5})
    (tied,) = (bar for bar in bars(app)["bars"] if bar["key"] == "conv1")
    assert [layer["name"] for layer in tied["layers"]] == ["conv1", "layer1.0.conv2"]
    assert tied["linked"] == "tied by the addition of layer1.0.conv2 and conv1"
    opened = verbs.open_task("resnet8", workspace)
    expected = verbs.last(verbs.evaluate(opened, desk(app).recipe))
    accuracy, raw = tiles(app)["accuracy"], 100 * expected.reading.value_raw
    assert accuracy["value"] == f"{100 * expected.reading.value:.1f} %"
    assert accuracy["detail"][0] == f"{expected.reading.correct} of 1,000 validation samples"
    assert accuracy["detail"][-1] == f"{raw:.1f} % before recalibration"
    assert tiles(app)["params"]["detail"] == [f"{expected.cost.params:,}"]


def test_the_plain_twin_moves_the_same_desk(visit):
    app = visit(session=Session("resnet8", layer="conv1"))
    slider(app, "conv1").set_value(50.0)
    app = settle(app.run())
    assert box(app, "conv1").value == 50.0
    assert bars(app)["values"]["conv1"] == 0.5
    box(app, "conv1").set_value(25.0)
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", channels={"conv1": 0.25})


def test_counts_are_there_at_once_and_the_old_accuracy_never_leaves(visit):
    app = pull(visit(), {"layer3.0.conv1": 0.5}, phase="drag")
    # 32 of 64 channels: 32·288 weights, 64 BatchNorm entries and 64·32·9 weights that read them go of 77,754.
    assert tiles(app)["params"]["detail"] == ["50,042"]
    assert tiles(app)["accuracy"]["value"].endswith("%")
    assert tiles(settle(app))["accuracy"]["status"] == "measured"


def test_only_what_a_hand_lets_go_of_is_a_run(visit, workspace):
    app = settle(pull(visit(), {"conv1": 0.25}, phase="drag"))
    assert verbs.history(verbs.open_task("resnet8", workspace)) == ()
    settle(pull(app, {"conv1": 0.5}))
    runs = verbs.history(verbs.open_task("resnet8", workspace))
    assert [dict(run.recipe.channels) for run in runs] == [{"conv1": 0.5}]


def test_a_state_for_other_bars_is_not_taken_over(visit):
    app = visit()
    app = settle(pull(app, {"conv1": 0.5}, layout="another-network-channels"))
    assert desk(app).recipe == Recipe("resnet8")


def test_undo_and_redo_are_runs_that_outlive_the_tab(visit):
    app = settle(pull(visit(), {"layer3.0.conv1": 0.3}))
    app = settle(pull(app, {"layer2.0.conv1": 0.2}))
    both = Recipe("resnet8", channels={"layer3.0.conv1": 0.3, "layer2.0.conv1": 0.2})
    assert desk(app).recipe == both
    before = bars(app)["version"]
    button(app, "Undo").click()
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", channels={"layer3.0.conv1": 0.3})
    assert bars(app)["values"]["layer2.0.conv1"] == 0
    assert bars(app)["version"] > before  # so that the bars take the values over
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
    app = visit(session=Session("resnet8", layer="fc"))
    assert slider(app, "fc").disabled
    assert ":material/lock: protected: network output" in [caption.value for caption in app.caption]
    assert next(bar for bar in bars(app)["bars"] if bar["name"] == "fc")["protected"] == "network output"
    app = settle(pull(app, {"fc": 0.5}))
    assert desk(app).recipe == Recipe("resnet8")


@pytest.mark.parametrize("preset", ["uniform", "global"])
def test_a_preset_is_what_the_verb_says(visit, workspace, preset):
    app = visit()
    app.button_group(key="preset-name").set_value(preset).run()
    button(app, "Apply").click()
    app = settle(settle(app.run()))
    expected = verbs.preset(verbs.open_task("resnet8", workspace), preset, 0.5)
    assert desk(app).recipe.channels == expected.channels


def test_a_preset_leaves_pinned_bars_where_they_are(visit):
    app = settle(pull(visit(), {"conv1": 0.25, "layer2.0.conv1": 0.1}, pinned=["conv1", "layer3.0.conv1"]))
    button(app, "Apply").click()
    app = settle(settle(app.run()))
    cut = dict(desk(app).recipe.channels)
    assert (cut.pop("conv1"), cut.get("layer3.0.conv1")) == (0.25, None)
    assert cut
    assert set(cut.values()) == {0.5}


def test_the_sensitivity_preset_without_a_scan_says_what_to_do(visit):
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", criterion="l1", seed=7)))
    app.button_group(key="preset-name").set_value("sensitivity").run()
    button(app, "Apply").click()
    app.run()
    while "preset" in desk(app).questions:
        desk(app).questions["preset"].ticket.wait(60)
        app.run()
    assert any("run a scan first" in error.value for error in app.error)


def test_weights_mode_keeps_the_counts_and_zeroes_the_share(visit):
    app = visit(session=Session("resnet8", mode=Mode.WEIGHTS))
    app = settle(pull(app, {"layer3.0.conv2": 0.5}))
    assert tiles(app)["params"]["value"] == "77.8 k"
    # 36,864 weights, half of them zero.
    assert tiles(app)["nonzero"]["value"] == "59.3 k"
    assert any("dense FLOPs and latency unchanged" in caption.value for caption in app.caption)


def test_a_collapse_is_named_with_the_way_out(visit):
    cut = dict.fromkeys(("conv1", "layer1.0.conv1", "layer2.0.conv1"), 1.0)
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", channels=cut, recalibrate=False)))
    assert any(warning.value.startswith("Collapsed") for warning in app.warning)


def test_another_task_takes_the_desk_over(visit):
    app = visit()
    app = settle(pull(app, {"conv1": 0.5}))
    app.selectbox(key="task").set_value("article").run()
    app = settle(app)
    assert not app.exception
    assert desk(app).recipe == Recipe("article")
    assert tiles(app)["params"]["value"] == "351 k"


def test_redo_without_an_undo_leaves_the_desk_alone(visit):
    app = settle(pull(visit(), {"layer3.0.conv1": 0.3}))
    assert button(app, "Redo").disabled
    assert desk(app).recipe == Recipe("resnet8", channels={"layer3.0.conv1": 0.3})


def test_two_tabs_on_one_task_store_their_own_moves_only(visit, workspace):
    first = settle(pull(visit(), {"layer3.0.conv1": 0.3}))
    second = settle(pull(visit(), {"layer2.0.conv1": 0.2}))
    settle(first.run())  # still shows what it showed; the head is the other's
    settle(second.run())
    settle(first.run())
    runs = verbs.history(verbs.open_task("resnet8", workspace))
    assert [dict(run.recipe.channels) for run in runs] == [
        {"layer3.0.conv1": 0.3},
        {"layer2.0.conv1": 0.2, "layer3.0.conv1": 0.3},
    ]
    assert desk(first).recipe == Recipe("resnet8", channels={"layer3.0.conv1": 0.3})


def test_weights_that_went_with_channels_are_no_travel_of_the_bar(visit):
    layer, cut = "layer3.0.conv1", Recipe("resnet8", channels={"layer3.0.conv1": 0.75})
    app = visit(session=Session("resnet8", mode=Mode.WEIGHTS, recipe=cut, layer=layer))
    ground = next(bar for bar in bars(app)["bars"] if bar["name"] == layer)
    # 16 of 64 units stay, so 16 · 32 · 9 = 4,608 of 18,432 weights.
    assert (ground["left"], ground["gone"], ground["floor"], bars(app)["values"][layer]) == (4608, 0.75, 0.75, 0.75)
    assert any("4.61 k of 18.4 k weights" in caption.value for caption in app.caption)
    app = settle(pull(app, {layer: 0.6}))
    assert desk(app).recipe == cut
    app = settle(pull(app, {layer: 0.9}))
    assert desk(app).recipe.weights == {layer: 0.9}
    assert any("1.84 k of 18.4 k weights" in caption.value for caption in app.caption)


def test_a_channel_dropped_by_hand_stands_on_its_bar(visit):
    cut = Recipe("resnet8", drop={"layer3.0.conv1": (5,)})
    app = visit(session=Session("resnet8", recipe=cut, layer="layer3.0.conv1"))
    assert bars(app)["values"]["layer3.0.conv1"] == 1 / 64
    assert any("63 of 64 channels · 1 dropped by hand" in caption.value for caption in app.caption)
