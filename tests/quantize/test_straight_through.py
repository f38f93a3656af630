import pytest
import torch
from torch import nn

from prunekit.cut.precision import Precision, precisions
from prunekit.cut.pruned import prune
from prunekit.graph import structure_of
from prunekit.quantize.codes import quantize
from prunekit.quantize.straight_through import quantize_, rounded
from prunekit.recipe import Recipe
from prunekit.recover.finetune import finetune
from prunekit.recover.schedule import Schedule
from tests import nets, samples

DATA = samples.data()


def test_the_weight_is_rounded_and_its_gradient_is_not():
    net = nn.Linear(4, 2, bias=False)
    precision = {"weight": Precision(2, 0)}
    inputs = torch.randn(3, 4)
    weight = rounded(net, precision)["weight"]
    assert torch.allclose(weight, quantize(net.weight.detach(), precision["weight"]))
    (inputs @ weight.T).sum().backward()
    assert torch.allclose(net.weight.grad, inputs.sum(0).expand(2, 4))


@pytest.mark.slow
def test_training_in_few_bits_keeps_zeros_and_brings_accuracy_back():
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    recipe = Recipe(weights={"conv2": 0.5}, bits={"conv2": 1, "fc1": 2})
    pruned = prune(net, structure, recipe)
    stored = precisions(structure, recipe)
    tuning = finetune(pruned.model, DATA, Schedule(epochs=4, lr=1e-2, batch=32), masks=pruned.masks, precisions=stored)
    records = list(tuning)
    few = quantize_(tuning.model, stored)
    assert torch.equal(few.conv2.weight != 0, pruned.masks["conv2.weight"])
    for row in few.conv2.weight.abs().flatten(1):
        assert len(row[row > 0].unique()) <= 1
    assert max(record.reading.value for record in records) > 0.5  # four classes, 1 in 4 by chance
