import pytest
import torch
from torch import nn

from prunekit.measure.thop_count import thop_macs
from tests import nets
from tests.untouched import Raising, untouched


def test_a_convolution_by_hand(capsys):
    # 8 outputs × 3·3·3 entries × 10·10 positions
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1))
    assert thop_macs(net, torch.zeros(5, 3, 10, 10)) == (8 * 27 * 100, ())
    assert capsys.readouterr().out == ""


def test_types_without_a_rule_are_listed():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.GELU(), nn.GroupNorm(2, 4), nn.Identity())
    assert thop_macs(net, torch.zeros(2, 12)) == (48, ("GELU", "GroupNorm"))


def test_a_module_with_weights_of_its_own_is_listed_though_it_has_children():
    macs, missing = thop_macs(nn.TransformerEncoderLayer(8, 2, 16), torch.zeros(2, 5, 8))
    assert "MultiheadAttention" in missing
    assert macs is not None


def test_the_network_keeps_no_trace():
    net = nets.make("plain").train()
    net.bn1.eval()
    with untouched(net):
        assert thop_macs(net, nets.example("plain"))[0] > 0


def test_a_network_thop_cannot_run_is_said_so():
    net = Raising(nets.make("attention"))
    with untouched(net):
        assert thop_macs(net, nets.example("plain")) == (None, ())


@pytest.mark.parametrize("name", nets.NETS)
def test_every_tiny_network_is_counted(name):
    assert thop_macs(nets.make(name), nets.example(name))[0] > 0


def test_a_network_of_which_thop_knows_no_module_is_not_said_to_cost_nothing():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 2))

        def forward(self, x):
            return x @ self.weight

    assert thop_macs(Product(), torch.zeros(2, 3)) == (None, ("Product",))
