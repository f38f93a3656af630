import pytest

from prunekit.recipe import Recipe
from prunekit.records import Cost, Latency, Reading, Run, Status, TaskKey, Timing
from prunekit.store import Workspace

RESNET8, VGG = (TaskKey(name, "feed", "beef") for name in ("resnet8", "vgg"))


@pytest.fixture
def store(workspace):
    return Workspace(workspace)


@pytest.fixture
def make_reading():
    def make(**changes):
        fields = {
            "metric": "accuracy",
            "value": 0.9,
            "n": 200,
            "correct": 180,
            "interval": (0.8506, 0.9343),
            "loss": 0.1 + 0.2,
            "kl": 0.01,
            "split": "validation",
            "status": Status.MEASURED,
            "recipe": "0123456789abcdef",
            "per_class": (1.0, 0.8),
        }
        return Reading(**{**fields, **changes})

    return make


@pytest.fixture
def make_run():
    def make(number, parent=None, **changes):
        fields = {
            "id": f"{number:012x}",
            "task": "resnet8",
            "model": "feed",
            "recipe": Recipe(task="resnet8", channels={"stem": number % 100 / 100}, keep={"stem": (1, 3)}),
            "parent": parent and parent.id,
            "created": 1_700_000_000.25 + number,
            "data": "beef",
            "cost": Cost(78_000, 12_000_000, 312_000),
        }
        return Run(**{**fields, **changes})

    return make


@pytest.fixture
def make_latency():
    def make(recipe="0123456789abcdef", **changes):
        timing = Timing(0.012, (0.011, 0.013), 0.01, (0.009, 0.0101))
        fields = {
            "recipe": recipe,
            "batch": 1,
            "threads": 1,
            "rounds": 40,
            "dense": timing,
            "candidate": timing,
            "clock": "cpu",
            "speedup": 1.0,
            "interval": (0.98, 1.03),
        }
        return Latency(**{**fields, **changes})

    return make
