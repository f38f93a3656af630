from itertools import islice

import pytest
import torch

from prunekit.cut.pruned import cut_state, module_of
from prunekit.graph import named_tensors, structure_of
from prunekit.program.forward import run
from prunekit.program.live import Live
from prunekit.program.memory import Memory
from prunekit.program.outputs import finish
from prunekit.recipe import Recipe
from prunekit.recover.recalibrate import recalibrate
from prunekit.tasks.task import Split
from tests import nets
from tests.untouched import untouched

CALIBRATION = 16


def inputs(name, n, seed):
    return nets.example(name if name == "linear" else "plain", n, seed)


class Desk:
    def __init__(self, name, limit=1 << 24):
        self.net = nets.make(name)
        self.x, self.train = inputs(name, 6, 1), inputs(name, CALIBRATION, 2)
        self.structure = structure_of(self.net, self.x[:2])
        self.memory = Memory(limit)
        self.live = Live(self.net, self.structure, self.x, self.train, len(self.x), self.memory)

    def recipes(self):
        """Move one bar after another, then the first again, then single weights."""
        channels = {}
        for group in self.structure.prunable:
            channels = {**channels, group.name: 0.5}
            yield Recipe(channels=channels)
        first = next(iter(channels))
        yield Recipe(channels={**channels, first: 0.25})
        yield Recipe(channels={first: 0.25}, weights={layer.name: 0.5 for layer in self.structure.layers[-2:]})
        yield Recipe(weights={self.structure.layers[0].name: 0.75})
        yield Recipe(channels=channels)

    def left(self, recipe):
        return cut_state(self.net, self.structure, recipe)

    def statistics(self, left):
        return finish(self.live.statistics(left.tensors, left.kept))

    def answer(self, left, tensors=None, steps=None):
        state = self.live.state(tensors or left.tensors, left.kept)
        work = self.live.answer(state, self.x, "x")
        if steps is None:
            return finish(work)
        list(islice(work, steps))
        return work.close()

    def wanted(self, recipe, recalibrated):
        left = self.left(recipe)
        model = module_of(self.net, self.structure, left).model
        return recalibrate(model, Split(self.train, torch.zeros(CALIBRATION))) if recalibrated else model


@pytest.mark.parametrize("name", list(nets.NETS))
@pytest.mark.parametrize("recalibrated", [False, True])
def test_every_state_answers_as_the_network_that_is_left(name, recalibrated):
    desk = Desk(name)
    with untouched(desk.net):
        for recipe in desk.recipes():
            left, wanted = desk.left(recipe), desk.wanted(recipe, recalibrated)
            statistics = desk.statistics(left) if recalibrated else {}
            buffers = dict(named_tensors(wanted))
            assert not recalibrated or set(statistics) == {n for n in buffers if "running" in n}
            for tensor, value in statistics.items():
                torch.testing.assert_close(value, buffers[tensor], rtol=1e-4, atol=1e-5)
            found = desk.answer(left, {**left.tensors, **statistics})
            torch.testing.assert_close(found, run(wanted, desk.x), rtol=1e-4, atol=1e-5)


def count(desk, monkeypatch):
    ran = []
    for passage in (desk.live._measuring, desk.live._calibrating):
        monkeypatch.setattr(passage, "run", counted(passage.run, ran))
    return ran


def counted(run_passage, ran):
    def call(*args, **kwargs):
        steps = run_passage(*args, **kwargs)
        try:
            while True:
                yield next(steps)
                ran.append(1)
        except StopIteration as end:
            return end.value

    return call


def test_a_state_runs_only_what_stands_behind_its_change(monkeypatch):
    desk = Desk("plain")
    ran = count(desk, monkeypatch)

    def steps(recipe):
        ran.clear()
        desk.answer(desk.left(recipe))
        return len(ran)

    whole = steps(Recipe(channels={"conv1": 0.5, "fc1": 0.5}))
    assert steps(Recipe(channels={"conv1": 0.5, "fc1": 0.2})) == 2  # both linear layers
    assert steps(Recipe(channels={"conv1": 0.5, "fc1": 0.5})) == 0  # the first state again
    assert steps(Recipe(channels={"conv1": 0.25, "fc1": 0.5})) == whole


def test_statistics_before_a_cut_are_not_estimated_again(monkeypatch):
    desk = Desk("residual")
    ran = count(desk, monkeypatch)
    desk.statistics(desk.left(Recipe(channels={"conv1": 0.5})))
    whole = len(ran)
    ran.clear()
    desk.statistics(desk.left(Recipe(channels={"conv1": 0.25})))
    assert 0 < len(ran) <= whole - 3  # the stem's convolution, BatchNorm and activation stay
    ran.clear()
    desk.statistics(desk.left(Recipe(channels={"conv1": 0.5})))
    assert not ran


@pytest.mark.parametrize("limit", [0, 1000, 5000])
def test_the_memory_keeps_its_bound_and_answers_stay_right(limit):
    desk = Desk("plain", limit)
    for recipe in desk.recipes():
        left, wanted = desk.left(recipe), desk.wanted(recipe, True)
        found = desk.answer(left, {**left.tensors, **desk.statistics(left)})
        torch.testing.assert_close(found, run(wanted, desk.x), rtol=1e-4, atol=1e-5)
        assert desk.memory.bytes <= limit


def test_work_that_is_given_up_anywhere_leaves_what_is_remembered_right():
    desk = Desk("residual")
    recipe = Recipe(channels={"conv1": 0.5})
    left, wanted = desk.left(recipe), run(desk.wanted(recipe, True), desk.x)
    for stop in range(1, 5):
        other = desk.left(Recipe(channels={"conv1": 0.25, "stem": 0.5}))
        work = desk.live.statistics(other.tensors, other.kept)
        list(islice(work, stop))
        work.close()
        desk.answer(other, steps=stop)
        found = desk.answer(left, {**left.tensors, **desk.statistics(left)})
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_two_desks_may_take_turns_step_by_step():
    desk = Desk("residual")
    recipes = [Recipe(channels={"conv1": 0.5}), Recipe(channels={"stem": 0.5})]
    lefts = [desk.left(recipe) for recipe in recipes]
    works = [desk.live.statistics(left.tensors, left.kept) for left in lefts]
    found = {}
    while len(found) < 2:
        for at, work in enumerate(works):
            try:
                next(work)
            except StopIteration as end:
                found.setdefault(at, end.value)
    for at, recipe in enumerate(recipes):
        buffers = dict(named_tensors(desk.wanted(recipe, True)))
        for name, value in found[at].items():
            torch.testing.assert_close(value, buffers[name], rtol=1e-4, atol=1e-5)
