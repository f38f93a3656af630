"""Where a scan's points are measured: here, in processes, and in others when those are killed."""

import os
import pickle
import threading
from dataclasses import replace
from functools import cache
from multiprocessing import Pipe

import pytest
from torch import nn

from prunekit.engine import points as module
from prunekit.engine.points import points
from prunekit.engine.process import AHEAD, END, FAILED, READY, answer
from prunekit.engine.shard import Shard, divide
from prunekit.graph import structure_of
from prunekit.program.outputs import finish
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.search.bench import bench
from prunekit.search.question import Question
from prunekit.search.scan import scan
from tests import nets, samples


@cache
def question():
    net = nets.make("residual")
    return Question(
        net, structure_of(net, nets.example("residual")), samples.split(60), Mode.WEIGHTS, levels=(0.3, 0.6)
    )


@cache
def here():
    return tuple(point for point in scan(question()) if point is not None)


def alike(found, expected):
    """The same cells with the same counts, and losses that differ by rounding at most.

    Other processes use half precision where the processor has it; bfloat16 rounds to one part in 256.
    """
    found, expected = (sorted(side, key=lambda p: (p.name, p.level)) for side in (found, expected))
    rounding = 1 / 256 if any(p.reading.backend == "half" for p in found) else 1e-5
    assert [(p.name, p.level, p.reading.correct, p.reading.n) for p in found] == [
        (p.name, p.level, p.reading.correct, p.reading.n) for p in expected
    ]
    assert [p.reading.loss for p in found] == pytest.approx([p.reading.loss for p in expected], abs=rounding)


@pytest.mark.slow  # four processes import torch
def test_processes_measure_what_one_does_though_one_is_killed_between_its_points(monkeypatch):
    started = []
    monkeypatch.setattr(module, "Shard", lambda *given: started.append(Shard(*given)) or started[-1])
    steps = points(finish(bench(question())), workers=2)
    found = []
    for step in steps:
        if step is not None:
            found.append(step)
            if len(found) == 1:
                first = next(shard for shard in started if step.name in shard.question.names)
                first.process.kill()
    alike(found, here())
    assert sorted(shard.deaths for shard in started) == [0, 1]
    assert {shard.process.returncode for shard in started} == {-9}  # none is left over


@pytest.fixture
def pipe():
    """One end of a pipe, at whose other end a thread answers as a process does."""
    ours, theirs = Pipe()
    thread = threading.Thread(target=answer, args=(theirs,), daemon=True)
    thread.start()
    yield ours
    ours.close()
    thread.join(60)
    assert not thread.is_alive()  # it ends when nobody listens


def test_ctrl_c_does_not_reach_a_process_through_the_terminal():
    shard = Shard(question(), None, ())
    try:
        assert os.getpgid(shard.process.pid) == shard.process.pid != os.getpgrp()
    finally:
        shard.close()


def said(pipe):
    return pickle.loads(pipe.recv_bytes())


def ask(pipe, packed, known=()):
    assert said(pipe) == READY
    pipe.send_bytes(pickle.dumps((packed, None, list(known))))


def test_a_process_rests_while_nobody_takes_its_steps(pipe):
    ask(pipe, pickle.dumps(question()))
    for _ in range(AHEAD):
        said(pipe)
    assert not pipe.poll(0.2)  # the next step takes a millisecond
    pipe.send_bytes(b"")
    said(pipe)
    assert not pipe.poll(0.2)


def test_a_process_goes_on_behind_what_is_known(pipe):
    ask(pipe, pickle.dumps(question()), here()[:-1])
    found = []
    while (step := said(pipe)) != END:
        found.append(step)
        pipe.send_bytes(b"")
    alike(filter(None, found), here()[-1:])


def test_a_process_says_when_it_cannot_answer(pipe):
    ask(pipe, b"no pickle")
    assert said(pipe) == FAILED


class Stand:
    """A shard whose process says what it is told to; a number is a step of the scan, an exception its death."""

    def __init__(self, part, words):
        self.question, self.known, self.deaths, self.words = part, [], 0, list(words)
        self.went_on = 0
        self.process = self

    def receive(self):
        word = self.words.pop(0)
        if isinstance(word, Exception):
            raise word
        return word

    def go_on(self):
        self.went_on += 1

    def restart(self):
        self.deaths += 1

    def close(self):
        self.words.clear()


@pytest.mark.parametrize("words", [[FAILED], [EOFError()] * 4])
def test_what_processes_cannot_measure_is_measured_here(words):
    part = replace(question(), names=("conv1",))
    shards = [Stand(part, words)]
    found = [step for _ in words for step in module._next(shards[0], shards, None) if step is not None]
    alike(found, [point for point in here() if point.name == "conv1"])
    assert shards == []


def test_a_process_goes_on_only_when_its_step_was_taken():
    shard = Stand(question(), [READY, here()[0], None, END])
    shards = [shard]
    assert list(module._next(shard, shards, None)) == []
    steps = module._next(shard, shards, None)
    assert next(steps) == here()[0]
    assert shard.went_on == 0
    assert list(steps) == []
    assert shard.went_on == 1
    assert list(module._next(shard, shards, None)) == [None]
    assert list(module._next(shard, shards, None)) == []
    assert (shards, shard.went_on) == ([], 2)


def test_a_network_that_cannot_be_sent_is_measured_here():
    class Local(nets.Residual):
        pass

    net = Local().eval()
    local = replace(question(), model=net, structure=structure_of(net, nets.example("residual")))
    found = [step for step in points(finish(bench(local)), workers=2) if step is not None]
    assert len(found) == len(here())


def test_a_short_scan_starts_no_process(monkeypatch):
    monkeypatch.setattr(module, "Shard", None)
    alike(filter(None, points(finish(bench(question())))), here())


def test_parts_get_early_and_late_layers_alike():
    # dearest first, in turns from both ends
    parts = divide(question(), ["a", "b", "c", "d", "e"], 2)
    assert [part.names for part in parts] == [("a", "d", "e"), ("b", "c")]
    assert {part.memory for part in parts} == {question().memory // 2}
    assert [part.names for part in divide(question(), ["a"], 2)] == [("a",)]
    assert isinstance(parts[0].model, nn.Module)


def test_a_process_needs_only_the_scores_of_a_criterion_that_it_does_not_know(pipe):
    layers = question().structure.layers
    scores = {layer.name: question().model.get_parameter(layer.weight).detach().abs().numpy() for layer in layers}
    unknown = replace(question(), base=Recipe(criterion="known to nobody"), scores=scores)
    ask(pipe, pickle.dumps(divide(unknown, ["conv1"], 1)[0]))
    found = []
    while (step := said(pipe)) != END:
        found.append(step)
        pipe.send_bytes(b"")
    # by magnitude, as the other points are
    alike(filter(None, found), [point for point in here() if point.name == "conv1"])
