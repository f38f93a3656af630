import pytest
import torch
from torch import nn

from prunekit.recover.recalibrate import recalibrate
from tests import nets, samples
from tests.untouched import Raising, untouched


def test_statistics_are_those_of_the_samples():
    net, split = nn.Sequential(nn.BatchNorm2d(3)).eval(), samples.split(200)
    found = recalibrate(net, split)[0]
    by_channel = split.inputs.transpose(0, 1).flatten(1)
    torch.testing.assert_close(found.running_mean, by_channel.mean(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.running_var, by_channel.var(1), rtol=1e-4, atol=1e-5)


def test_several_batches_are_averaged():
    net, split = nn.Sequential(nn.BatchNorm2d(3)).eval(), samples.split(500)
    found = recalibrate(net, split, limit=None)[0]
    halves = split.inputs.transpose(0, 1).unflatten(1, (2, 250)).flatten(2)
    torch.testing.assert_close(found.running_mean, halves.mean((1, 2)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.running_var, halves.var(2).mean(1), rtol=1e-4, atol=1e-5)


def test_the_copy_outputs_what_batch_statistics_would():
    net, split = nets.make("plain"), samples.split(250)
    twin = nets.make("plain").train()
    recalibrated = recalibrate(net, split)
    with torch.no_grad():
        torch.testing.assert_close(recalibrated(split.inputs), twin(split.inputs), rtol=1e-2, atol=1e-2)
    assert not recalibrated.training
    assert recalibrated.bn1.momentum == 0.1


def test_the_network_is_untouched():
    net = nets.make("plain").train()
    net.bn1.eval()
    with untouched(net):
        twin = recalibrate(net, samples.split(32))
    assert twin.training
    assert not twin.bn1.training


def test_dropout_stays_off():
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(3)).train()
    once, again = (recalibrate(net, samples.split(32))[1].running_var for _ in range(2))
    assert torch.equal(once, again)


def test_without_batchnorm_nothing_runs():
    net = Raising(nets.make("linear"))
    del net.bn
    assert recalibrate(net, samples.split(4)) is not net


def test_the_network_is_untouched_by_a_forward_that_raises():
    net = Raising(nets.make("plain")).train()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        recalibrate(net, samples.split(4))


def test_a_single_sample_left_over_is_no_batch():
    net, split = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(108)).eval(), samples.split(251)
    found, without = (recalibrate(net, some, limit=None)[1] for some in (split, split.head(250)))
    assert torch.equal(found.running_var, without.running_var)
