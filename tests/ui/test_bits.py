import threading
from functools import partial

import pytest

from prunekit.recipe import Recipe
from prunekit.subject import blocks
from prunekit.ui.navigation import SECTIONS
from prunekit.ui.state.session import Session
from tests.ui.conftest import bars, desk, settle, tiles

PAGES = [name for pages in SECTIONS.values() for name in pages]


def of(widgets, label):
    return next(found for found in widgets if found.label == label)


def test_bits_of_all_inner_layers_and_of_one_are_on_the_desk(visit):
    app = visit(session=Session("resnet8", layer="fc"))
    inner = {layer["name"] for bar in bars(app)["bars"] for layer in bar["layers"]} - {"conv1", "fc"}
    buttons = next(group for group in app.get("button_group") if "every weight" in group.proto.label)
    buttons.set_value(4)
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", bits=dict.fromkeys(inner, 4))
    shown = {layer["name"]: bar["bits"] for bar in bars(app)["bars"] for layer in bar["layers"]}
    assert {name for name, bits in shown.items() if bits == "4"} == inner - {"layer1.0.conv2"}
    assert shown["layer1.0.conv2"] == "32/4"  # its bar is also conv1's
    of(app.selectbox, "Bits of fc").set_value(8)
    app = settle(app.run())
    assert desk(app).recipe.bits["fc"] == 8
    found = tiles(app)
    assert int(found["bytes"]["detail"][0].replace(",", "")) < 0.2 * 4 * 77_754
    assert found["params"]["value"] == "77.8 k"
    assert found["accuracy"]["status"] == "measured"


def test_a_block_is_switched_off_on_the_desk(visit):
    app = visit()
    app = settle(settle(app))
    switch = next(found for found in app.toggle if found.label == "Remove layer1.0")
    switch.set_value(True)
    app = settle(app.run())
    assert desk(app).recipe == Recipe("resnet8", blocks=("layer1.0",))
    gone = {bar["name"] for bar in bars(app)["bars"] if bar["protected"] == "removed with its block"}
    assert gone == {"layer1.0.conv1"}
    stem = next(bar for bar in bars(app)["bars"] if bar["name"] == "conv1")
    assert [layer["name"] for layer in stem["layers"]] == ["conv1"]  # what was tied to it is gone as well
    # two convolutions of 16·16·9 and two BatchNorms of 32
    assert tiles(app)["params"]["detail"] == [f"{77_754 - 2 * 2304 - 64:,}"]
    assert tiles(app)["accuracy"]["status"] == "measured"


def test_only_the_worker_takes_networks_apart(visit, monkeypatch):
    threads = set()

    def noted(made, *given):
        threads.add(threading.current_thread().name)
        return made(*given)

    for name in ("removable", "shorten", "structure_of"):
        monkeypatch.setattr(blocks, name, partial(noted, getattr(blocks, name)))
    app = visit(session=Session("resnet8", recipe=Recipe("resnet8", blocks=("layer1.0",))))
    assert not app.exception
    assert threads == {"prunekit-worker"}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_bears_a_desk_that_asks_for_everything(visit, page):
    recipe = Recipe(
        "resnet8",
        blocks=("layer1.0",),
        channels={"layer3.0.conv1": 0.5, "conv1": 0.25, "layer1.0.conv1": 0.5},
        weights={"layer2.0.conv1": "2:4", "layer3.0.conv2": 0.5},
        bits={"layer2.0.conv1": 1, "layer2.0.conv2": 4},
        activation_bits=8,
    )
    app = visit(page, session=Session("resnet8", recipe=recipe))
    assert not app.exception
    assert not app.error
