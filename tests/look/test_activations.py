import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of
from prunekit.look.activations import activations
from prunekit.tasks.task import Split
from tests import nets
from tests.untouched import untouched


class Chain(nn.Module):
    """Identity convolutions, so that every zero can be counted by hand."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 3, 1, bias=False), nn.Conv2d(3, 2, 1, bias=False)
        self.fc = nn.Linear(2, 2)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[1.0, 0], [-1.0, 0], [0, 0]])[..., None, None])
            self.second.weight.copy_(torch.tensor([[1.0, 1, 0], [0, 0, 1]])[..., None, None])

    def forward(self, x):
        return self.fc(F.relu(self.second(F.relu(self.first(x)))).mean((2, 3)))


def test_zeros_are_counted_after_the_activation_function_however_it_is_written():
    net = Chain().eval()
    # one sample, 2×2: channel 0 is 1, −1, 2, −2; after first and ReLU: 1,0,2,0 and 0,1,0,2 and 0,0,0,0
    image = torch.tensor([[1.0, -1], [2, -2]])
    split = Split(torch.stack([image, image])[None], torch.zeros(1, dtype=torch.long))
    ((first, second),) = activations(net, structure_of(net, torch.zeros(2, 2, 2, 2)), split)
    assert (first.layer, first.reader, first.zeros, first.channels, first.dead, first.n) == (
        "first", "second", 8 / 12, 3, 1, 1,
    )  # fmt: skip
    # second: 1,1,2,2 and zeros; the mean over positions leaves 1.5 and 0
    assert (second.layer, second.reader, second.zeros, second.channels, second.dead) == ("second", "fc", 1 / 2, 2, 1)


def test_a_channel_is_dead_only_if_no_batch_wakes_it(monkeypatch):
    monkeypatch.setattr("prunekit.look.activations.BATCH", 1)
    net = Chain().eval()
    inputs = torch.tensor([[1.0, 0], [-1.0, 0]])[..., None, None]
    with untouched(net):
        records = activations(net, structure_of(net, inputs), Split(inputs, torch.zeros(2, dtype=torch.long)))
        first, _ = next(records)
        assert (first.zeros, first.dead, first.n) == (2 / 3, 2, 1)
        assert not any(module._forward_pre_hooks for module in net.modules())  # others may run it meanwhile
        first, _ = next(records)
    assert (first.zeros, first.dead, first.n) == (4 / 6, 1, 2)


@pytest.mark.parametrize("name", nets.NETS)
def test_every_layer_but_the_last_has_a_reader_and_the_network_stays_as_it_was(name):
    net = nets.make(name)
    inputs = nets.example(name, 5)
    structure = structure_of(net, inputs)
    with untouched(net):
        (found,) = activations(net, structure, Split(inputs, torch.zeros(5, dtype=torch.long)))
    assert [activation.layer for activation in found] == [layer.name for layer in structure.layers][:-1]
    assert all(0 <= a.zeros <= 1 and 0 <= a.dead <= a.channels for a in found)


def test_a_pruned_network_has_fewer_channels():
    net = nets.make("plain")
    inputs = nets.example("plain", 5)
    structure = structure_of(net, inputs)
    split = Split(inputs, torch.zeros(5, dtype=torch.long))
    (found,) = activations(shrink(net, structure, {"conv1": [0, 3]}), structure, split)
    assert [a.channels for a in found] == [2, 12 * 2 * 2, 10]


class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 4), nn.Linear(4, 2)
        self.broken = False

    def forward(self, x):
        x = self.second(self.first(x))
        if self.broken:
            raise ValueError("no such luck")
        return x


def test_hooks_go_also_when_the_forward_raises():
    net = Raises().train()
    split = Split(torch.ones(2, 6), torch.zeros(2, dtype=torch.long))
    structure = structure_of(net, torch.zeros(2, 6))
    net.broken = True
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        next(activations(net, structure, split))
