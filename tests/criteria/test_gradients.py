import pytest
import torch
from torch.nn import functional as F

from prunekit.criteria.gradients import gradients
from tests import nets, samples
from tests.untouched import Raising, untouched


def test_each_batch_has_the_gradient_of_its_own_mean_loss():
    net, split = nets.make("residual"), samples.split(48)  # three batches
    found = gradients(net, split)
    assert found.keys() == dict(net.named_parameters()).keys()
    for i, rows in enumerate(torch.arange(48).split(16)):
        net.zero_grad()
        F.cross_entropy(net(split.inputs[rows]), split.targets[rows]).backward()
        for name, parameter in net.named_parameters():
            torch.testing.assert_close(found[name][i], parameter.grad, rtol=1e-4, atol=1e-6)


def test_a_large_network_gets_fewer_and_larger_batches(monkeypatch):
    net, split = nets.make("residual"), samples.split(64)
    monkeypatch.setattr("prunekit.criteria.gradients.ENTRIES", sum(p.numel() for p in net.parameters()))
    (found,) = gradients(net, split)["fc.weight"]
    F.cross_entropy(net(split.inputs), split.targets).backward()
    torch.testing.assert_close(found, net.fc.weight.grad, rtol=1e-4, atol=1e-6)


def test_a_parameter_the_loss_does_not_see_has_zero_gradient():
    net = nets.make("plain")
    net.spare = torch.nn.Parameter(torch.ones(3))
    assert gradients(net, samples.split(16))["spare"].tolist() == [[0.0, 0.0, 0.0]]


def test_the_limit_takes_the_first_samples():
    net = nets.make("residual")
    torch.testing.assert_close(gradients(net, samples.split(64), 16), gradients(net, samples.split(64).head(16)))


@pytest.mark.parametrize("training", [False, True])
def test_the_network_is_untouched(training):
    net = nets.make("plain").train(training)
    net.bn1.eval()
    net.conv1.weight.requires_grad_(False)
    with untouched(net), torch.no_grad():
        assert gradients(net, samples.split(8))["conv1.weight"].any()


def test_the_network_is_untouched_by_a_forward_that_raises():
    net = Raising(nets.make("plain")).train()
    net.bn.eval()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        gradients(net, samples.split(8))
