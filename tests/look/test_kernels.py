import pytest
import torch

from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.look.kernels import kernel_layers, kernels
from tests import nets


def structure(name):
    net = nets.make(name)
    return net, structure_of(net, nets.example(name))


def test_convolutions_that_read_few_channels_can_be_drawn():
    assert kernel_layers(structure("plain")[1]) == ("conv1",)
    assert kernel_layers(structure("depthwise")[1]) == ("stem", "depthwise")  # not the 1×1 ones
    assert kernel_layers(structure("linear")[1]) == ()


def test_images_are_the_weights_and_know_what_is_kept(monkeypatch):
    net, analysed = structure("plain")
    found = kernels(net, analysed, "conv1", {"conv1": [0, 2, 7]})
    assert torch.equal(torch.tensor(found.values), net.conv1.weight.detach())
    assert found.channels == 8
    assert [channel for channel, kept in enumerate(found.kept) if kept] == [0, 2, 7]
    assert all(kernels(net, analysed, "conv1").kept)
    monkeypatch.setattr("prunekit.look.kernels.IMAGES", 3)
    few = kernels(net, analysed, "conv1", {"conv1": [0, 2, 7]})
    assert (len(few.values), few.kept, few.channels) == (3, (True, False, True), 8)


@pytest.mark.parametrize("layer", ["conv2", "fc1", "nothing"])
def test_other_layers_are_refused(layer):
    with pytest.raises(RecipeError, match=f"The kernels of '{layer}' cannot be drawn as images; .*conv1"):
        kernels(*structure("plain"), layer)
