import copy
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from prunekit.graph import shrink, structure_of
from prunekit.recipe import kept_units
from tests.golden_nets import resnet18, resnet50
from tests.graph.test_groups import HeadsBySlicing
from tests.nets import NETS, example, make

RESNET18 = {0.0: 11_689_512, 0.1: 9_481_588, 0.2: 7_534_380, 0.3: 5_820_556, 0.4: 4_318_898, 0.5: 3_055_880}


@pytest.fixture(scope="module")
def resnet18_structure():
    return structure_of(resnet18().eval(), torch.zeros(2, 3, 224, 224, device="meta"))


def uniform(structure, sparsity):
    return {group.name: kept_units(group.units, sparsity) for group in structure.prunable}


@pytest.mark.parametrize("sparsity", RESNET18)
def test_resnet18_has_the_known_number_of_parameters(resnet18_structure, sparsity):
    assert resnet18_structure.cost(uniform(resnet18_structure, sparsity)).params == RESNET18[sparsity]


@pytest.mark.slow
def test_resnet50_has_the_known_counts():
    structure = structure_of(resnet50().eval(), torch.zeros(2, 3, 224, 224, device="meta"))
    dense, half = structure.cost({}), structure.cost(uniform(structure, 0.5))
    assert (dense.params, half.params) == (25_557_032, 6_917_640)
    assert (round(dense.macs / 1e9, 4), round(half.macs / 1e9, 4)) == (4.0892, 1.0523)
    assert dense.flops == 2 * dense.macs


@pytest.mark.parametrize("name", [*NETS, "heads"])
def test_formulas_equal_counting_the_smaller_network(name):
    net = HeadsBySlicing().eval() if name == "heads" else make(name)
    inputs = torch.randn(2, 3, 4, 4) if name == "heads" else example(name)
    structure = structure_of(net, inputs)
    draw = random.Random(name)
    for _ in range(4):
        kept = {g.name: sorted(draw.sample(range(g.units), draw.randint(1, g.units))) for g in structure.prunable}
        small = shrink(net, structure, kept)
        cost = structure.cost({group: len(units) for group, units in kept.items()})
        state = small.state_dict()
        assert cost.params == sum(p.numel() for p in small.parameters())
        assert cost.bytes == sum(tensor.numel() * tensor.element_size() for tensor in state.values())
        with FlopCounterMode(display=False) as counter:
            copy.deepcopy(small).to("meta")(inputs[:1].to("meta"))
        assert cost.macs == counter.get_total_flops() / 2


def test_layer_costs_by_hand():
    structure = structure_of(make("plain"), example("plain"))
    costs = dict(zip([layer.name for layer in structure.layers], structure.layer_costs({"conv1": 5}), strict=True))
    # conv1: 5 filters of 3·3·3 on 6×6 positions; conv2: 12 filters of 5·3·3 and 12 biases on 3×3 positions
    assert costs["conv1"] == (5 * 27, 5 * 27 * 36)
    assert costs["conv2"] == (12 * 45 + 12, 12 * 45 * 9)
    assert costs["fc2"] == (10 * 4 + 4, 40)


def test_blocks_and_links_of_a_residual_network():
    structure = structure_of(make("residual"), example("residual"))
    assert [block.layers for block in structure.blocks] == [("conv1", "conv2")]
    assert set(structure.links) == {("stem", "conv1"), ("conv1", "conv2"), ("stem", "fc"), ("conv2", "fc")}


@pytest.mark.parametrize("name", NETS)
def test_counting_along_one_group_equals_counting_each_network(name):
    structure = structure_of(make(name), example(name))
    kept = {group.name: kept_units(group.units, 0.4) for group in structure.prunable}
    for group in structure.prunable:
        counts = np.arange(1, group.units + 1)
        costs = [structure.cost({**kept, group.name: int(n)}) for n in counts]
        expected = [[cost.params for cost in costs], [cost.macs for cost in costs], [cost.bytes for cost in costs]]
        assert structure.cost_along(kept, group.name, counts).tolist() == expected


@pytest.mark.parametrize(
    ("equation", "shape", "macs"),
    [("bchw,kc->bkhw", (5, 4), 5 * 4 * 9), ("bchw,kc->bk", (5, 4), 5 * 4), ("bchw,c->b", (4,), 4)],
)
def test_a_product_over_letters_is_counted_after_the_sums_that_come_before_it(equation, shape, macs):
    """Places ``hw`` that nobody else reads are summed first, which multiplies nothing."""

    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(shape))

        def forward(self, x):
            return torch.einsum(equation, x, self.weight)

    assert structure_of(Product(), torch.zeros(2, 4, 3, 3)).cost({}).macs == macs
