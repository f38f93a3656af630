import pytest
import torch
from torch import nn

from tests import golden_nets, nets


def parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", nets.NETS)
def test_tiny_nets_are_tiny_repeatable_and_run(name):
    net, again = nets.make(name), nets.make(name)
    x = nets.example(name)
    assert parameters(net) <= 2000
    assert net(x).shape[0] == 2
    assert torch.equal(net(x), again(x))
    assert not net.training


@pytest.mark.parametrize(("make", "count"), [(golden_nets.resnet18, 11_689_512), (golden_nets.resnet50, 25_557_032)])
def test_golden_nets_have_the_published_number_of_parameters(make, count):
    with torch.device("meta"):
        net = make()
        assert parameters(net) == count
        assert net(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
