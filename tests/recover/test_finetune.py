import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from prunekit.cut.precision import Precision
from prunekit.cut.pruned import prune
from prunekit.errors import TaskError
from prunekit.graph import structure_of
from prunekit.measure.evaluate import evaluate
from prunekit.quantize.straight_through import quantize_
from prunekit.recipe import Recipe
from prunekit.recover.finetune import _Training, finetune
from prunekit.recover.schedule import Schedule
from tests import nets, samples
from tests.untouched import Raising, untouched

DATA = samples.data()  # 128 train samples: 4 steps of 32 in an epoch
SCHEDULE = Schedule(epochs=3, lr=1e-2, batch=32)


def measured(net):
    *_, reading = evaluate(net, DATA.validation)
    return reading


def state(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns_and_reports():
    net = nets.make("plain")
    tuning = finetune(net, DATA, SCHEDULE, recipe="abc")
    records = list(tuning)
    assert [(record.step, record.steps, record.epoch) for record in records] == [
        (4, 12, 1.0),
        (8, 12, 2.0),
        (12, 12, 3.0),
    ]
    assert all(record.reading.recipe == "abc" for record in records)
    assert records[-1].loss < records[0].loss
    assert measured(tuning.model).value > measured(net).value + 0.3
    assert max(record.reading.value for record in records) == measured(tuning.model).value


def test_losses_come_every_few_steps():
    records = list(finetune(nets.make("residual"), samples.data(train=25), Schedule(epochs=1, batch=1)))
    assert [(record.step, record.epoch, record.reading is None) for record in records] == [
        (10, 0.4, True),
        (20, 0.8, True),
        (25, 1.0, False),
    ]


def test_zeros_stay_zero_and_the_rest_moves():
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    pruned = prune(net, structure, Recipe(weights={"conv2": 0.8}))
    tuning = finetune(pruned.model, DATA, SCHEDULE, masks=pruned.masks)
    assert len(list(tuning)) == 3
    mask = pruned.masks["conv2.weight"]
    assert torch.equal(tuning.model.conv2.weight != 0, mask)
    assert not torch.equal(tuning.model.conv2.weight[mask], net.conv2.weight[mask])


def test_the_network_and_everything_around_it_is_untouched_at_every_record():
    net = nets.make("plain").train()
    net.bn1.eval()
    net.fc1.weight.requires_grad_(False)
    with untouched(net):
        tuning = finetune(net, DATA, replace(SCHEDULE, threads=2))
    with untouched(net), torch.no_grad(), untouched(net):
        next(tuning)
        next(tuning)
        finetune(net, DATA, SCHEDULE).seconds()
    assert tuning.model.training
    assert not tuning.model.bn1.training
    assert not tuning.model.fc1.weight.requires_grad


def test_the_same_seed_gives_the_same_bits():
    net = nn.Sequential(nn.Flatten(), nn.Linear(108, 16), nn.Dropout(0.5), nn.Linear(16, 4)).eval()

    def tuned(seed):
        torch.rand(3)  # whatever was drawn before
        tuning = finetune(net, DATA, replace(SCHEDULE, seed=seed))
        for _ in tuning:
            torch.rand(5)  # whatever is drawn between
        return state(tuning.model)

    assert equal(tuned(0), tuned(0))
    assert not equal(tuned(0), tuned(1))


def test_stopping_early_leaves_the_best_so_far():
    tuning = finetune(nets.make("plain"), DATA, SCHEDULE)
    seen = [measured(tuning.model), *(next(tuning).reading for _ in range(2))]
    assert measured(tuning.model).value == max(reading.value for reading in seen) > seen[0].value


def test_the_best_is_kept_when_training_does_harm():
    tuning = finetune(nets.make("plain"), DATA, SCHEDULE)
    assert list(tuning)
    learned = tuning.model
    harmed = finetune(learned, DATA, replace(SCHEDULE, lr=50.0))
    assert min(record.reading.value for record in harmed) < measured(learned).value
    assert equal(state(harmed.model), state(learned))


@pytest.mark.parametrize("bits", [16, 1])
def test_statistics_are_those_of_many_samples_and_of_the_rounded_weights(bits):
    net = nets.make("plain")
    precisions = {"conv1.weight": Precision(bits, 0)} if bits < 16 else {}
    tuning = finetune(net, DATA, replace(SCHEDULE, epochs=1), precisions=precisions)
    assert list(tuning)
    read = quantize_(copy.deepcopy(tuning.model), precisions).conv1(DATA.train(1).inputs).transpose(0, 1).flatten(1)
    torch.testing.assert_close(tuning.model.bn1.running_mean, read.mean(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(tuning.model.bn1.running_var, read.var(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("batch", "epochs"), [(4, 1), (32, 3), (128, 40)])
def test_what_is_announced_counts_all_that_a_training_does(monkeypatch, batch, epochs):
    clock = [0.0]

    def takes(seconds, work):
        def timed(*given):
            clock[0] += seconds
            return work(*given)

        return timed

    monkeypatch.setattr("prunekit.recover.finetune.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    for name, seconds in {"_step": 2, "_settled": 30, "_validate": 500}.items():
        whole = f"prunekit.recover.finetune._Training.{name}"
        monkeypatch.setattr(whole, takes(seconds, getattr(_Training, name)))
    data = replace(DATA, train=takes(7, DATA.train))
    schedule = replace(SCHEDULE, batch=batch, epochs=epochs)
    announced = finetune(nets.make("plain"), data, schedule).seconds()
    tuning, clock[0] = finetune(nets.make("plain"), data, schedule), 0.0
    assert len(list(tuning)) >= epochs
    assert announced == clock[0] + 500  # what is stored is validated once more


def test_a_forward_that_raises_leaves_everything_as_it_was():
    net = Raising(nets.make("plain")).train()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        next(finetune(net, DATA, SCHEDULE))


def test_without_train_data_it_is_refused():
    with pytest.raises(TaskError, match="Fine-tuning needs train data"):
        finetune(nets.make("plain"), replace(DATA, train=None))


def test_a_batch_of_one_sample_is_refused_where_batchnorm_has_no_places():
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(108), nn.Linear(108, 4)).eval()
    with pytest.raises(TaskError, match="take 2 or more"):
        list(finetune(net, DATA, replace(SCHEDULE, batch=1)))
