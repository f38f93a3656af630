from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.errors import TaskError
from prunekit.measure import evaluate as measuring
from prunekit.program.operations import NoPlanError
from prunekit.recipe import Recipe
from prunekit.subject import live, subject
from prunekit.subject.live import Way, memory, way_of
from prunekit.subject.subject import resolve
from prunekit.verbs import reading

RECIPES = [
    Recipe(channels={"conv1": 0.5}),
    Recipe(channels={"conv1": 0.5, "stem": 0.5}),
    Recipe(channels={"stem": 0.5}, recalibrate=False),
    Recipe(weights={"conv2": 0.5}),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_read_is_what_the_network_that_is_exported_answers(opened, recipe):
    assert way_of(opened).live is not None
    assert way_of(opened).reason == ""
    *_, found = verbs.evaluate(opened, recipe)
    *_, wanted = measuring.evaluate(resolve(opened, recipe).pruned.model, opened.task.data.validation)
    assert found.reading.correct == wanted.correct
    assert found.reading.loss == pytest.approx(wanted.loss, rel=1e-5)


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_ways_say_the_same(opened, recipe, monkeypatch):
    *_, quick = verbs.evaluate(opened, recipe)
    for module in (subject, reading):
        monkeypatch.setattr(module, "way_of", lambda _: Way(None, "it is being tested"))
    *_, own = verbs.evaluate(opened, recipe, quick=False)
    assert own.reading.correct == quick.reading.correct
    assert own.notes == quick.notes
    *_, slow = verbs.evaluate(replace(opened), recipe)  # a task that remembers nothing yet
    assert (quick.reading.correct, quick.reading.value_raw) == (slow.reading.correct, slow.reading.value_raw)
    assert quick.reading.loss == pytest.approx(slow.reading.loss, rel=1e-5)
    assert quick.reading.kl == pytest.approx(slow.reading.kl, rel=1e-3, abs=1e-6)
    assert (quick.nonzero, quick.cost) == (slow.nonzero, slow.cost)
    assert set(slow.notes) - set(quick.notes) == {
        "Measured slowly, by the network's own forward pass: it is being tested."
    }


def test_a_network_that_cannot_be_run_call_by_call_is_measured_by_its_own_forward_pass(opened, monkeypatch):
    def refuse(*_):
        raise NoPlanError("it draws random numbers")

    monkeypatch.setattr(live, "Live", refuse)
    *_, found = verbs.evaluate(opened, RECIPES[0])
    assert any("draws random numbers" in note for note in found.notes)
    assert found.reading.n == 60


def test_the_quick_way_is_left_where_it_answers_differently(opened, monkeypatch):
    class Wrong(live.Live):
        def answer(self, *args):
            logits = yield from super().answer(*args)
            return logits + 1.0

    monkeypatch.setattr(live, "Live", Wrong)
    assert way_of(opened).live is None
    assert "answers differently" in way_of(opened).reason


def test_steps_give_way_and_the_counts_nobody_waits_for_come_last(opened):
    steps = list(verbs.evaluate_steps(opened, RECIPES[0]))
    found = [step for step in steps if step is not None]
    assert steps[0] is None
    assert len(steps) > 2 * len(found)
    assert found[-2].reading.n == found[-1].reading.n == 60
    assert (found[-2].macs_thop, found[-2].reading.value_raw) == (None, None)
    assert found[-1].reading.value_raw is not None


def test_the_calibrated_network_counts_its_batch_and_can_be_trained(opened):
    model = resolve(opened, RECIPES[0]).pruned.model
    assert int(model.bn1.num_batches_tracked) == 1
    model.train()
    model(opened.task.data.validation.inputs).sum().backward()
    assert int(model.bn1.num_batches_tracked) == 2


@pytest.fixture
def no_memory_yet():
    memory.cache_clear()
    yield
    memory.cache_clear()


@pytest.mark.usefixtures("no_memory_yet")
def test_the_environment_says_how_many_megabytes_are_remembered(monkeypatch):
    monkeypatch.setenv("PRUNEKIT_MEMORY", "3")
    assert memory().limit == 3 * 2**20
    memory.cache_clear()
    monkeypatch.setenv("PRUNEKIT_MEMORY", "much")
    with pytest.raises(TaskError, match="number of megabytes, not 'much'"):
        memory()
