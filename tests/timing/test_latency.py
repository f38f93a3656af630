import copy
import os
import subprocess

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from prunekit.errors import LatencyError
from prunekit.records import Speed
from prunekit.tasks.functions import import_function
from prunekit.timing.latency import LEAST, latency, summary
from prunekit.timing.stopwatch import Round, Times
from tests import nets
from tests.untouched import untouched

SECONDS = st.floats(1e-5, 10.0)
ROUNDS = st.lists(st.builds(Round, *[st.builds(Times, SECONDS, SECONDS)] * 2), min_size=LEAST, max_size=40)


@given(ROUNDS, st.integers(1, 4))
def test_a_network_beside_itself_swapped_is_as_much_slower_as_it_was_faster(rounds, threads):
    there = summary(rounds, "r", 1, threads)
    back = summary([Round(found.candidate, found.dense) for found in rounds], "r", 1, threads)
    assert (there.dense, there.candidate) == (back.candidate, back.dense)
    assert there.interval[0] == pytest.approx(1 / back.interval[1])
    assert there.interval[0] <= there.speedup <= there.interval[1]
    for timing in (there.dense, there.candidate):
        assert timing.wall_quartiles[0] <= timing.wall <= timing.wall_quartiles[1]
        assert timing.cpu_quartiles[0] <= timing.cpu <= timing.cpu_quartiles[1]


@given(ROUNDS, st.floats(0.1, 10))
def test_a_slower_machine_changes_times_and_no_verdict(rounds, factor):
    slower = [Round(*(Times(factor * t.wall, factor * t.cpu) for t in found)) for found in rounds]
    here, there = summary(rounds, "r", 1, 1), summary(slower, "r", 1, 1)
    assert there.speedup == pytest.approx(here.speedup)
    assert there.candidate.cpu == pytest.approx(factor * here.candidate.cpu)


def _rounds(dense, candidate, wall=1.0):
    return [Round(Times(a * wall, a), Times(b * wall, b)) for a, b in zip(dense, candidate, strict=True)]


def test_verdicts_by_hand():
    half = summary(_rounds([2.0, 2.2, 2.4, 1.8, 2.0, 2.6], [1.0, 1.1, 1.2, 0.9, 1.0, 1.3]), "r", 1, 1)
    assert (half.speedup, half.interval, half.verdict, half.rounds) == (2.0, (2.0, 2.0), Speed.FASTER, 6)
    slower = summary(_rounds([1.0] * 6, [2.0] * 6), "r", 1, 1)
    assert (slower.speedup, slower.verdict) == (0.5, Speed.SLOWER)
    # one round of six says otherwise, so the interval of six reaches across 1
    mixed = summary(_rounds([2.0, 2.0, 2.0, 2.0, 2.0, 0.9], [1.0] * 6), "r", 1, 1)
    assert (mixed.speedup, mixed.verdict) == (2.0, Speed.ALIKE)
    # always 1 % quicker: less than two copies of one network may differ
    assert summary(_rounds([1.01] * 20, [1.0] * 20), "r", 1, 1).verdict is Speed.ALIKE
    assert Speed.ALIKE.value.endswith("beyond 2 %")  # else it contradicts an interval of 0.985 to 0.995


def test_one_thread_is_compared_by_cpu_time_and_a_waiting_machine_is_named():
    quiet = summary(_rounds([2.0] * 6, [1.0] * 6, wall=1.29), "r", 1, 1)
    loaded = summary(_rounds([2.0] * 6, [1.0] * 6, wall=1.31), "r", 1, 1)
    assert (quiet.busy, loaded.busy) == (False, True)
    rounds = [Round(Times(4.0, 2.0), Times(1.0, 1.0))] * 6
    assert [(found.clock, found.speedup) for n in (1, 2) if (found := summary(rounds, "r", 1, n))] == [
        ("cpu", 2.0),
        ("wall", 4.0),
    ]


class Prints(nn.Sequential):
    def forward(self, x):
        print("a step of mine")
        return super().forward(x) + torch.zeros(10_000_000)[0]


def test_two_networks_are_timed_in_another_process_that_leaves_nothing_behind(tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[0])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    net, smaller = Prints(nets.make("plain")), nets.make("plain", 1)
    with untouched(net), untouched(smaller):
        records = latency(net, smaller, nets.example("plain", 3), recipe="digest")
        found = [next(records) for _ in range(3)]
        assert [folder.stat().st_mode & 0o777 for folder in tmp_path.iterdir()] == [0o700]
        records.close()  # nobody listens any more
    assert [record.rounds for record in found] == [6, 7, 8]
    assert {(record.batch, record.threads, record.recipe) for record in found} == {(3, 1, "digest")}
    assert found[-1].to_json()["verdict"] in list(Speed)
    # One of them holds ten million numbers of four bytes for a moment; the system counts in pages.
    extra = found[0].dense.memory - found[0].candidate.memory
    assert 38e6 < extra < 44e6
    assert found[0].to_json()["dense"]["memory"] == found[-1].dense.memory
    assert list(tmp_path.iterdir()) == []
    assert started[0].returncode is not None


def test_a_network_from_somebodys_file_travels_with_its_code(tmp_path):
    (tmp_path / "parts.py").write_text("from torch import nn\nclass Part(nn.Linear): pass\n")
    path = tmp_path / "own.py"
    path.write_text(
        "from torch import nn\nfrom parts import Part\n"
        "class Own(nn.Sequential): pass\n"
        "def make(): return Own(Part(6, 3), nn.ReLU())\n"
    )
    net = import_function("own.py:make", tmp_path)()
    records = latency(net, copy.deepcopy(net), torch.ones(1, 6), code=f"{path}:make", rounds=6)
    assert [record.rounds for record in records] == [6]


class Falls(nn.Module):
    def forward(self, x):
        raise ValueError("no such luck.")


class Leaves(nn.Module):
    def forward(self, x):
        os._exit(3)


@pytest.mark.parametrize(("net", "message"), [(Falls(), "ValueError: no such luck."), (Leaves(), "no message.")])
def test_a_network_that_fails_there_is_one_sentence(net, message):
    with pytest.raises(LatencyError, match=f"cannot be timed in another process: {message}$"):
        list(latency(net, net, torch.ones(1, 6)))


def test_a_network_that_cannot_travel_is_one_sentence():
    class Local(nn.Module):
        pass

    with pytest.raises(LatencyError, match=r"cannot be sent to another process \(.*Local.*\); define its class"):
        list(latency(Local(), Local(), torch.ones(1, 6)))


@pytest.mark.parametrize(("inputs", "threads"), [(torch.ones(0, 6), 1), (torch.ones(1, 6), 0)])
def test_nothing_to_time_is_refused(inputs, threads):
    with pytest.raises(LatencyError, match="a batch and threads of at least 1"):
        list(latency(nn.Identity(), nn.Identity(), inputs, threads=threads))
