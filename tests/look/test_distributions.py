import numpy as np
import torch

from prunekit.cut.pruned import prune
from prunekit.graph import structure_of
from prunekit.look.distributions import histogram, histograms, widest
from prunekit.recipe import Recipe
from tests import nets


def test_a_histogram_by_hand():
    # bins −2…−1, −1…0, 0…1, 1…2; the last holds its right edge
    found = histogram("fc", torch.tensor([[-2.0, -0.5, 0.0], [0.5, 1.5, 2.0]]), 2.0, bins=4)
    assert (found.low, found.high, found.counts) == (-2.0, 2.0, (1, 1, 2, 2))
    assert (found.n, found.zeros) == (6, 1)


def test_only_zeros_still_have_a_range():
    found = histogram("fc", torch.zeros(3), 0.0, bins=2)
    assert (found.low, found.high, sum(found.counts), found.zeros) == (-1.0, 1.0, 3, 3)


def test_every_layer_is_binned_as_numpy_does():
    net = nets.make("plain")
    found = histograms(net, structure_of(net, nets.example("plain")), bins=20)
    assert [h.layer for h in found] == ["conv1", "conv2", "fc1", "fc2"]
    for h in found:
        weight = net.get_submodule(h.layer).weight.detach().double().numpy()
        assert h.high == -h.low == np.abs(weight).max()
        expected, _ = np.histogram(weight, 20, (h.low, h.high))
        assert h.n == weight.size == sum(h.counts)
        assert np.abs(expected - h.counts).sum() <= 2  # a weight on an edge may round to either side


def test_the_widest_layer_can_give_all_its_range():
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    own = histograms(net, structure)
    assert widest(net, structure) == max(h.high for h in own)
    assert {h.high for h in histograms(net, structure, reach=3.0)} == {3.0}


def test_a_pruned_network_has_its_zeros_counted():
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    pruned = prune(net, structure, Recipe(weights={"fc1": 0.5}))
    assert [h.zeros for h in histograms(pruned.model, structure)] == [0, 0, 240, 0]
