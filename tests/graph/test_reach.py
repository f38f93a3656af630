"""What can be cut and what holds the rest add up to all parameters."""

import pytest
import torch
from torch import nn

from prunekit.graph import structure_of
from prunekit.graph.reach import CUT, NO_LAYER, reach
from tests.graph import test_battery  # noqa: F401 - enters the networks
from tests.graph.battery.case import CASES


def test_the_share_of_a_small_network_is_that_of_paper():
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    # The first layer (24 + 6) and the weights that read it (12) go with its units; the two biases are the output.
    assert reach(structure_of(net, torch.zeros(2, 4))) == {CUT: 42, "network output": 2}


def test_a_single_number_is_made_by_no_layer():
    class Scaled(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(4, 2))
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return super().forward(x) * self.scale

    assert reach(structure_of(Scaled(), torch.zeros(2, 4))) == {"network output": 10, NO_LAYER: 1}


@pytest.mark.parametrize("name", ["Llama", "Llama2", "Mistral", "Qwen2", "LlamaOfComplexNumbers", "T5", "T5Gated"])
def test_every_parameter_of_a_language_model_can_be_cut(name):
    """The stream, the heads and the MLPs go apart; the tables go along with the stream."""
    case = CASES[name]
    model = case.model()
    assert reach(structure_of(model, case.inputs())) == {CUT: sum(tensor.numel() for tensor in model.parameters())}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES.values())[::4], ids=lambda case: case.name)
def test_the_shares_are_all_parameters(case):
    model = case.model()
    shares = reach(structure_of(model, case.inputs()))
    assert sum(shares.values()) == sum(parameter.numel() for parameter in model.parameters())
    assert all(shares.values())
