import pytest
import torch
from torch import nn

from prunekit import verbs
from prunekit.errors import RecipeError
from prunekit.export.manifest import Manifest
from prunekit.graph import structure_of
from prunekit.objectives import own_metric
from prunekit.recipe import Recipe
from prunekit.records import Candidate
from prunekit.store import Workspace
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split, Task
from prunekit.tasks.train import mean_iou

HALF = Recipe(channels={"0": 0.5, "3": 0.5})


def pixels() -> nn.Module:
    """A class for every pixel, from two convolutions."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 3, 1),
    )


def _split(n, seed, model):
    """Targets are the network's own answers, but for a third of the pixels."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, 1, 6, 6, generator=generator)
    with torch.no_grad():
        targets = model(inputs).argmax(1)
    noise = torch.rand(targets.shape, generator=generator) < 1 / 3
    return Split(inputs, torch.where(noise, (targets + 1) % 3, targets))


@pytest.fixture
def make(tmp_path):
    def make(**changes):
        torch.manual_seed(0)
        model = pixels().eval()
        data = Data(_split(120, 1, model), None, lambda epoch: _split(80, 10 + epoch, model), ("a", "b", "c"))
        fields = {"metric": "mean IoU", "data": data, **changes}
        task = Task("pixels", "Pixels", model, pixels, f"{__file__}:pixels", **fields)
        return verbs.Opened(task, structure_of(model, task.example), digest(model), Workspace(tmp_path / "ws"))

    return make


def test_mean_iou_is_measured_on_the_desk(make):
    opened = make()
    found = verbs.last(verbs.evaluate(opened, Recipe())).reading
    assert found.value == pytest.approx(mean_iou(opened.task.model, opened.task.data.validation, 3))
    assert found.correct is None
    low, high = found.interval
    assert 0 < low < found.value < high < 1
    cut = verbs.last(verbs.evaluate(opened, HALF)).reading
    slow = verbs.last(verbs.evaluate(opened, HALF, quick=False)).reading
    assert cut.value == pytest.approx(slow.value, abs=1e-6)
    assert len(cut.per_class) == 3
    assert cut.kl > 0


def test_scans_agree_with_the_desk_and_their_intervals_hold_the_truth(make):
    opened = make()
    exact = {(p.name, p.level): p.reading for p in verbs.scan(opened, levels=(0.25, 0.5), limit=None)}
    for (name, level), reading in exact.items():
        whole = verbs.last(verbs.evaluate(opened, Recipe(channels={name: level}))).reading
        assert reading.value == pytest.approx(whole.value, abs=1e-5)
    opened = make()
    for point in verbs.scan(opened, levels=(0.25, 0.5), limit=None, half_width=0.2):
        if point.reading.interval:
            low, high = point.reading.interval
            assert low <= exact[point.name, point.level].value <= high


def test_runs_are_compared_by_the_samples_that_differ_most(make):
    opened = make()
    recipe = verbs.check(opened, HALF)
    reading = verbs.last(verbs.evaluate(opened, recipe)).reading
    run = verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, None)
    found = verbs.last(verbs.compare(opened, None, run.id))
    assert not found.flips
    differences = [abs(shift.a - shift.b) for shift in found.shifts]
    assert differences == sorted(differences, reverse=True)
    first, second = (evaluation.reading.value for evaluation in found.evaluations)
    low, high = found.gain
    assert low < second - first < high


def test_recovery_and_export_without_a_test_split(make, tmp_path):
    opened = make()
    run = verbs.last(verbs.recover(opened, HALF, epochs=1))
    assert run.readings[0].metric == "mean IoU"
    *steps, files = verbs.export(opened, HALF, tmp_path / "out")
    assert all(getattr(step, "ok", True) for step in steps)
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.correct, manifest.metric) == (None, "mean IoU")
    assert any(check.name == "metric" and "mean IoU" in check.detail for file in files for check in file.proof.checks)
    with pytest.raises(RecipeError, match="has no test split"):
        verbs.last(verbs.evaluate(opened, HALF, "test"))


def test_a_metric_of_ones_own_and_no_train_split(make):
    """Share of pixels that are wrong: lower is better, and it needs network and samples."""

    def wrong(model, data):
        with torch.no_grad():
            return float((model(data.inputs).argmax(1) != data.targets).double().mean())

    whole = make()
    data = Data(whole.task.data.validation, None, None, ("a", "b", "c"))
    opened = make(metric="wrong", own_metric=own_metric("wrong", wrong, higher_is_better=False), data=data)
    readings = [found.reading for found in verbs.evaluate(opened, HALF)]
    model = resolve(opened, verbs.check(opened, HALF)).pruned.model
    assert {reading.n for reading in readings} == {120}
    assert readings[-1].value == wrong(model, data.validation)
    assert not readings[-1].recalibrated
    assert readings[-1].interval is None
    assert {p.reading.metric for p in verbs.scan(opened, levels=(0.5,), limit=None)} == {"mean IoU"}
    with pytest.raises(RecipeError, match="Taylor scores need train data"):
        verbs.last(verbs.evaluate(opened, Recipe(channels={"0": 0.5}, criterion="taylor")))


def test_the_best_bits_are_those_with_the_lower_value_where_lower_is_better(make):
    dense = make().task.model

    def away(model, data):
        """Total variation distance from the dense network's probabilities."""
        with torch.no_grad():
            return float((model(data.inputs).softmax(1) - dense(data.inputs).softmax(1)).abs().sum(1).mean() / 2)

    opened = make(metric="away", own_metric=own_metric("away", away, higher_is_better=False))
    *steps, best = verbs.plan_bits(opened, 0.3, ends=True)
    lower, higher = sorted(step.reading.value for step in steps if isinstance(step, Candidate))
    assert lower < higher
    assert best.reading.value == lower
