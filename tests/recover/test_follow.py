import pytest
import torch

from prunekit.cut.pruned import prune
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.recover.finetune import finetune
from prunekit.recover.follow import distance, heard, reads_left
from prunekit.recover.schedule import Schedule
from tests import nets, samples


def test_what_is_left_of_each_input_is_the_cut_group_and_the_rest_is_whole():
    net = nets.make("plain")
    reads = reads_left(net, structure_of(net, nets.example("plain")), {"conv1": (0, 3, 7), "conv2": (1, 4)})
    assert reads["conv2"].tolist() == [0, 3, 7]
    assert reads["fc1"].tolist() == [4, 5, 6, 7, 16, 17, 18, 19]  # four places of each channel behind the flatten
    assert reads["fc2"] is None
    assert "conv1" not in reads  # it reads the samples


def test_a_grouped_convolution_is_passed_over():
    net = nets.make("depthwise")
    reads = reads_left(net, structure_of(net, nets.example("depthwise")), {})
    assert list(reads) == ["expand", "project", "fc"]


def test_the_distance_is_the_mean_share_of_what_is_not_reached():
    own = {"a": torch.tensor([[1.0, 3.0]]), "b": torch.zeros(1, 2), "unheard": torch.ones(1)}
    dense = {"a": torch.tensor([[9.0, 1.0, 1.0]]), "b": torch.ones(1, 2)}
    reads = {"a": torch.tensor([1, 2]), "b": None, "unheard": None}
    # a: 4 / 2 beside 1, so 2; b: everything, so 1.
    assert distance(own, dense, reads).item() == pytest.approx(1.5)
    assert distance({}, {}, {}).item() == 0


def test_an_uncut_network_is_not_away_from_itself_and_is_heard_without_a_trace():
    net = nets.make("residual")
    reads = reads_left(net, structure_of(net, nets.example("residual")), {})
    with torch.no_grad(), heard(net, reads) as found:
        net(nets.example("residual"))
    assert list(found) == list(reads)
    assert distance(found, found, reads).item() == 0
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_following_inside_brings_what_layers_read_nearer():
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    pruned = prune(net, structure, Recipe(channels={"conv1": 0.5}))
    reads = reads_left(net, structure, pruned.kept)
    data = samples.data()

    def away(model):
        with torch.no_grad(), heard(net, reads) as dense:
            net(data.validation.inputs)
        with torch.no_grad(), heard(model, reads) as own:
            model(data.validation.inputs)
        return distance(own, dense, reads).item()

    schedule = Schedule(epochs=3, batch=32, lr=1e-2, distil=1.0)
    answers, inside = (finetune(pruned.model, data, schedule, teacher=net, reads=given) for given in ({}, reads))
    assert len(list(answers)) == len(list(inside)) == 3
    assert away(inside.model) < away(answers.model)
