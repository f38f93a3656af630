import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prunekit.tasks.bundled import CHECKPOINTS
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.train import count_correct, mean_iou
from prunekit.tasks.zoo import BUNDLED, TASKS, task_names

ROOT = Path(__file__).parents[2]
CLUTTER = {"resnet20", "vgg", "mobilenet", "vit"}


def test_resnet8_is_the_default():
    assert task_names()[0] == "resnet8"
    assert set(task_names()) == {"resnet8", "article", "unet", *CLUTTER}


@pytest.mark.slow
@pytest.mark.parametrize("name", task_names())
def test_card_tells_the_truth(name):
    task, card = TASKS[name](), BUNDLED[name].card()
    assert task.name == name
    assert not task.model.training
    assert digest(task.model) == card["digest"]
    assert sum(parameter.numel() for parameter in task.model.parameters()) == card["params"]
    assert task.metric == BUNDLED[name].metric
    assert (card["epochs"], card["seed"]) == (BUNDLED[name].training.epochs, BUNDLED[name].training.seed)
    assert card["validation"]["n"] == card["test"]["n"] == 1000
    if task.metric == "mean IoU":
        found = mean_iou(task.model, task.data.validation, len(task.data.classes))
        assert found == pytest.approx(card["validation"]["value"], abs=0.005)
        return
    correct = count_correct(task.model, task.data.validation)
    # Another processor may round a close call the other way.
    assert abs(correct - card["validation"]["correct"]) <= 3


def test_accuracies_leave_something_to_lose():
    shares = {name: BUNDLED[name].card()["test"]["correct"] / 1000 for name in {"resnet8", "article", *CLUTTER}}
    assert shares["resnet8"] >= 0.975
    assert shares["article"] >= 0.965
    assert all(0.85 <= shares[name] <= 0.96 for name in CLUTTER)
    assert 0.6 <= BUNDLED["unet"].card()["test"]["value"] <= 0.95


def test_checkpoints_are_small_and_whole():
    sizes = []
    for name in task_names():
        content = (CHECKPOINTS / f"{name}.safetensors").read_bytes()
        assert hashlib.sha256(content).hexdigest() == BUNDLED[name].card()["sha256"]
        sizes.append(len(content))
    assert max(sizes) <= 1_500_000
    assert sum(sizes) <= 6_000_000


def test_factory_makes_the_network_untrained():
    task = TASKS["resnet8"]()
    fresh = task.factory()
    assert fresh.state_dict().keys() == task.model.state_dict().keys()
    assert not torch.equal(fresh.conv1.weight, task.model.conv1.weight)
    assert task.factory_path == "prunekit.tasks.resnet:resnet8"
    assert task.example.shape == (2, 1, 28, 28)


def test_two_openings_share_no_weights():
    first, second = TASKS["resnet8"](), TASKS["resnet8"]()
    with torch.no_grad():
        first.model.fc.bias.zero_()
    assert second.model.fc.bias.abs().sum() > 0


def test_listing_the_tasks_needs_no_torch():
    code = (
        "import sys; from prunekit.tasks.opening import open_task; from prunekit.tasks.zoo import BUNDLED;"
        "BUNDLED['resnet8'].card(); print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
