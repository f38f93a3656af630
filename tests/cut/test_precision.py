import pytest
import torch

from prunekit.cut.precision import cost_of, precisions
from prunekit.cut.pruned import prune
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.measure.sizes import stored
from prunekit.quantize.packing import pack_state
from prunekit.recipe import BITS, Recipe
from tests import nets

LAYERS = {"plain": ("conv1", "conv2", "fc1"), "depthwise": ("expand", "depthwise", "project")}


@pytest.mark.parametrize("net", LAYERS)
@pytest.mark.parametrize("bits", BITS)
def test_the_formula_counts_the_bytes_that_are_stored(net, bits):
    model = nets.make(net)
    structure = structure_of(model, nets.example(net))
    layers = LAYERS[net]
    group = structure.layer(layers[0]).group
    recipe = Recipe(channels={group: 0.4}, weights={layers[1]: 0.6}, bits=dict.fromkeys(layers, bits))
    pruned = prune(model, structure, recipe)
    packed = pack_state(stored(pruned.model), precisions(structure, recipe))
    assert pruned.cost.bytes == sum(tensor.nbytes for tensor in packed.values())
    kept = {name: len(units) for name, units in pruned.kept.items()}
    whole = structure.cost(kept)
    assert cost_of(structure, recipe, kept) == pruned.cost
    assert (pruned.cost.params, pruned.cost.macs) == (whole.params, whole.macs)


def test_a_linear_layer_by_hand():
    model = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    structure = structure_of(model, torch.zeros(2, 5))
    # 15 weights of 3 bits and 6 of 1 bit are 51 bits, 7 bytes; 5 scales and 5 biases of 4 bytes each.
    assert cost_of(structure, Recipe(bits={"0": 3, "2": 1}), {}).bytes == 7 + 20 + 20


def test_an_unknown_layer_is_refused():
    model = nets.make("plain")
    with pytest.raises(RecipeError, match="no layer 'conv9'"):
        prune(model, structure_of(model, nets.example("plain")), Recipe(bits={"conv9": 4}))
