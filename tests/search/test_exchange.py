import numpy as np
import pytest
import torch

from prunekit.cut.pruned import prune
from prunekit.graph import structure_of
from prunekit.measure.evaluate import divergence, logits
from prunekit.recipe import Recipe
from prunekit.recover.recalibrate import recalibrate
from prunekit.search.allocate import lagrangian
from prunekit.search.exchange import exchange, joint_harm
from tests.nets import example, make
from tests.samples import split
from tests.search.test_allocate import holds, optimum, problem


def run(search):
    """Collect the records of a search and what it returns."""
    records = []
    while True:
        try:
            records.append(next(search))
        except StopIteration as end:
            return records, end.value


def test_measuring_together_mends_what_single_curves_get_wrong():
    told = problem("plain", {"macs": 0.5}, seed=1)
    true = problem("plain", {"macs": 0.5}, seed=2)
    start = lagrangian(told)
    records, kept = run(exchange(told, [start], true.harm))
    assert holds("plain", told, kept)
    assert true.harm(kept) < 0.5 * true.harm(start) + 0.5 * optimum("plain", true)
    assert len(records) <= 100
    assert [record.done for record in records] == list(range(1, len(records) + 1))


def test_the_better_start_is_improved_and_never_left_for_worse():
    told = problem("linear", {"macs": 0.5}, seed=3)
    worse, better = {"fc1": 1, "fc2": 1}, lagrangian(told)
    _, kept = run(exchange(told, [worse, better], told.harm))
    assert told.harm(kept) <= told.harm(better)


@pytest.mark.parametrize("trials", [1, 2, 7])
def test_trials_are_a_promise(trials):
    told, true = problem("plain", {"macs": 0.5}, seed=1), problem("plain", {"macs": 0.5}, seed=2)
    measured = []

    def measure(kept):
        measured.append(kept)
        return true.harm(kept)

    records, kept = run(exchange(told, [lagrangian(told)], measure, trials=trials))
    assert len(measured) == len(records) <= trials
    assert holds("plain", told, kept)


def test_nothing_is_measured_twice():
    told, true = problem("plain", {"macs": 0.5}, seed=1), problem("plain", {"macs": 0.5}, seed=2)
    seen = set()

    def measure(kept):
        key = tuple(sorted(kept.items()))
        assert key not in seen
        seen.add(key)
        return true.harm(kept)

    run(exchange(told, [lagrangian(told)], measure))
    assert len(seen) > 10


def test_one_pass_harm_is_what_recalibration_on_the_same_samples_measures():
    net, samples = make("residual"), split(120)
    structure = structure_of(net, example("residual"))
    dense = logits(net, samples)
    cut = Recipe(channels={"stem": 0.34, "conv1": 0.5})
    expected = divergence(dense, logits(recalibrate(prune(net, structure, cut).model, samples), samples))
    found = joint_harm(prune(net, structure, cut).model, samples.inputs, dense, calibrate=True)
    # a running variance is unbiased, a batch's own is not: n/(n-1) of 4,320 positions
    assert found == pytest.approx(expected, rel=1e-2)
    raw = divergence(dense, logits(prune(net, structure, cut).model, samples))
    assert joint_harm(prune(net, structure, cut).model, samples.inputs, dense, calibrate=False) == pytest.approx(raw)
    assert abs(raw - expected) > 0.1 * expected


def test_harm_of_the_dense_network_is_nothing_and_modes_are_as_before():
    net, samples = make("plain").train(), split(10)
    dense = logits(net, samples)
    assert joint_harm(net, samples.inputs, dense, calibrate=False) == pytest.approx(0, abs=1e-6)
    assert all(module.training for module in net.modules())
    assert not np.isnan(joint_harm(net, torch.zeros_like(samples.inputs), dense, calibrate=True))
