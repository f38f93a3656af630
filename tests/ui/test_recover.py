"""The settings of a recovery: the field's words, and the README's recipe by one press."""

import re

from prunekit.recipe import Recipe
from prunekit.ui.recover.schedule import recommended
from prunekit.ui.state.session import Session
from tools.app_server import ROOT

LABELS = {"Epochs", "Batch size", "Optimizer", "Iterative pruning", "Distillation"}


def readmes_recipe():
    """What the README's first recovery is told."""
    line = re.search(r"^prunekit recover resnet8 .*$", (ROOT / "README.md").read_text(), re.MULTILINE).group()
    options = line.partition("#")[0].split()
    told = {"epochs": "2", "batch": "64", "distil": "0", "rounds": "1"}
    told |= {name: options[options.index(f"--{name}") + 1] for name in told if f"--{name}" in options}
    return told, "--fit-first" in options


def settings(app):
    """What stands in the controls by the names of the command line."""
    by_name = {element.key.partition("-recommended")[0]: element.value for element in app.get("button_group")}
    return {name: float(by_name[name]) for name in ("epochs", "batch", "distil", "rounds")}


def test_one_press_sets_the_recipe_of_the_readme(visit):
    app = visit("recover", session=Session("resnet8", recipe=Recipe("resnet8", channels={"conv1": 0.25})))
    assert {element.label for element in app.get("button_group")} >= LABELS
    assert settings(app)["epochs"] == 2
    assert not app.toggle[0].value
    next(button for button in app.button if button.label == "Recommended settings").click().run()
    told, fit_first = readmes_recipe()
    assert settings(app) == {name: float(value) for name, value in told.items()}
    assert app.toggle[0].value == fit_first
    assert [box.value for box in app.number_input if box.label == "Peak learning rate"] == [recommended().lr]
    assert not app.exception
    assert not app.warning
