import pytest
import torch
from torch.nn import functional as F

from prunekit.criteria.gradients import gradients
from tests import nets, samples
from tests.untouched import Raising, untouched


def test_gradients_are_those_of_the_mean_loss_over_all_batches():
    net, split = nets.make("residual"), samples.split(300)  # two batches
    found = gradients(net, split)
    F.cross_entropy(net(split.inputs), split.targets).backward()
    assert found.keys() == dict(net.named_parameters()).keys()
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


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
