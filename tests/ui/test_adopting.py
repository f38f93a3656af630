import copy

import pytest
import torch
from safetensors.torch import load_file, save

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.store import Workspace
from prunekit.subject.subject import resolve
from prunekit.tasks.bundled import CHECKPOINTS
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.ui.conftest import desk, settle

RECIPE = Recipe("resnet8", channels={"layer3.0.conv1": 0.75})


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The network of the recipe as another trainer left it, and how many validation samples it gets right."""
    opened = verbs.open_task("resnet8", tmp_path_factory.mktemp("elsewhere"))
    model = copy.deepcopy(resolve(opened, RECIPE).pruned.model)
    split = opened.task.data.validation
    with torch.no_grad():
        model.fc.bias[0] += 1.0
        right = int((model(split.inputs).argmax(1) == split.targets).sum())
    return model.state_dict(), right


@pytest.fixture
def adopt(visit):
    """Uploads weights on Recover and presses the button."""

    def give(content, note):
        app = visit("recover", session=Session("resnet8", recipe=RECIPE))
        assert next(button for button in app.button if button.label == "Adopt").disabled
        app.file_uploader(key="adopted-weights").upload("mine.safetensors", content).run()
        app.text_input(key="adopted-note").set_value(note).run()
        next(button for button in app.button if button.label == "Adopt").click().run()
        owner = next(job.owner for job in reversed(jobs.worker().jobs()) if job.owner.startswith("recover"))
        return app, jobs.started(owner).wait(120)

    return give


def test_weights_from_elsewhere_become_the_base_of_the_desk(adopt, workspace, elsewhere):
    state, right = elsewhere
    app, ended = adopt(save({f"module.{name}": tensor for name, tensor in state.items()}), "from the cluster")
    app = settle(app)
    assert not app.exception
    assert not app.error
    opened = verbs.open_task("resnet8", workspace)
    head = opened.workspace.head(opened.key)
    assert (head, head.label, head.readings[0].correct) == (ended.latest, "from the cluster", right)
    assert desk(app).recipe == Recipe("resnet8", base=head.id, channels=RECIPE.channels)
    after = next(tile for tile in app.metric if tile.label == "Accuracy after")
    assert after.value == f"{100 * right / 1000:.1f} %"
    assert Workspace(workspace).run(head.parent).recipe == RECIPE  # the cut, which the desk had stored


def test_weights_that_do_not_fit_are_one_sentence_on_the_page(adopt, workspace):
    dense = save(load_file(CHECKPOINTS / "resnet8.safetensors"))
    app, ended = adopt(dense, "")
    app.run()
    assert [error.value.replace("\\", "") for error in app.error] == [ended.error]
    assert ended.error.startswith("The checkpoint has the shapes of the dense network (layer3.0.conv1.weight is 64×")
    assert not app.exception
    assert desk(app).recipe == RECIPE
    assert not any(run.weights for run in Workspace(workspace).runs("resnet8"))
