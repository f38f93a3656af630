import copy

import pytest
import torch
from torch import Tensor, nn

from prunekit.errors import StructureError
from prunekit.graph import expand_state, fit_shapes, named_tensors, shrink, slice_state, structure_of
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.structure import Structure
from tests.nets import example, make

EXACT = ("plain", "residual", "depthwise", "linear")
"""Networks without statistics over channels: removing a channel is the same as not reading it."""


def ignoring(model: nn.Module, structure: Structure, kept: dict[str, list[int]]) -> nn.Module:
    """The exact reference: the dense network whose consumers do not read the removed channels."""
    model = copy.deepcopy(model)
    tensors = dict(named_tensors(model))
    output_dims = {layer.weight: OUTPUT_DIM[layer.op] for layer in structure.layers}
    for name, dims in structure.kept_positions(kept).items():
        for dim, positions in dims.items():
            if name in output_dims and dim != output_dims[name]:
                gone = torch.ones(tensors[name].shape[dim], dtype=torch.bool)
                gone[positions] = False
                tensors[name].data.transpose(0, dim)[gone] = 0
    return model


def half(structure: Structure, seed: int = 0) -> dict[str, list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return {
        group.name: sorted(torch.randperm(group.units, generator=generator)[: (group.units + 1) // 2].tolist())
        for group in structure.prunable
    }


def fingerprint(model: nn.Module) -> list[object]:
    return [
        *[(name, tensor.clone(), tensor.requires_grad) for name, tensor in named_tensors(model)],
        *[(name, module.training, len(module._forward_hooks)) for name, module in model.named_modules()],
    ]


def same(a: list[object], b: list[object]) -> bool:
    return all(
        x[0] == y[0] and x[2] == y[2] and (torch.equal(x[1], y[1]) if isinstance(x[1], Tensor) else x[1] == y[1])
        for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("seed", range(3))
def test_the_smaller_network_computes_what_the_dense_one_does_without_those_channels(name, seed):
    net, inputs = make(name, seed).double(), example(name, 4).double()
    structure = structure_of(net, inputs)
    kept = half(structure, seed)
    small = shrink(net, structure, kept)
    with torch.no_grad():
        expected = ignoring(net, structure, kept)(inputs)
        torch.testing.assert_close(small(inputs), expected, rtol=0, atol=1e-12)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", EXACT)
def test_each_group_alone_is_exact(name):
    net, inputs = make(name).double(), example(name, 4).double()
    structure = structure_of(net, inputs)
    for group, units in half(structure).items():
        with torch.no_grad():
            expected = ignoring(net, structure, {group: units})(inputs)
            torch.testing.assert_close(shrink(net, structure, {group: units})(inputs), expected, rtol=0, atol=1e-12)


def test_layer_norm_takes_its_statistics_over_the_kept_channels():
    net = nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.Linear(6, 2)).double()
    inputs = torch.randn(5, 3, dtype=torch.double)
    structure = structure_of(net, inputs)
    keep = [0, 3, 4]
    with torch.no_grad():
        hidden = net[0](inputs)[:, keep]
        scale = (hidden.var(1, correction=0, keepdim=True) + net[1].eps).rsqrt()
        normal = (hidden - hidden.mean(1, keepdim=True)) * scale
        expected = (normal * net[1].weight[keep] + net[1].bias[keep]) @ net[2].weight[:, keep].T + net[2].bias
        torch.testing.assert_close(shrink(net, structure, {"0": keep})(inputs), expected, rtol=0, atol=1e-12)
    assert structure.group("0").statistics


@pytest.mark.parametrize("name", EXACT)
def test_the_given_network_is_not_touched(name):
    net, inputs = make(name), example(name)
    net.train()
    next(net.parameters()).requires_grad_(False)
    before = fingerprint(net)
    structure = structure_of(net, inputs)
    shrink(net, structure, half(structure))
    assert same(before, fingerprint(net))


def test_the_network_is_not_touched_when_its_forward_raises():
    net = make("plain").train()
    before, inputs = fingerprint(net), torch.randn(2, 5, 6, 6)
    state = torch.get_rng_state()
    with pytest.raises(StructureError, match="cannot be traced"):
        structure_of(net, inputs)
    assert same(before, fingerprint(net))
    assert torch.equal(state, torch.get_rng_state())


def test_shared_weights_stay_shared():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(9, 6)
            self.mix = nn.Linear(6, 6)
            self.out = nn.Linear(6, 9, bias=False)
            self.out.weight = self.embed.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.out(torch.relu(self.mix(self.embed(x))))

    net = Tied().eval()
    structure = structure_of(net, torch.zeros(2, 4, dtype=torch.long))
    small = shrink(net, structure, {group.name: [1, 3] for group in structure.prunable})
    assert small.out.weight is small.embed.weight
    # 9 rows of 2 columns, 2 × 2 weights and 2 biases
    assert sum(p.numel() for p in small.parameters()) == 9 * 2 + 2 * 2 + 2


def test_sizes_that_modules_remember_follow():
    structure = structure_of(make("depthwise"), example("depthwise"))
    small = shrink(make("depthwise"), structure, {"expand": [0, 5, 7]})
    assert (small.depthwise.groups, small.depthwise.in_channels, small.bn1.num_features) == (3, 3, 3)
    assert (small.expand.out_channels, small.project.in_channels) == (3, 3)


@pytest.mark.parametrize("name", EXACT)
def test_a_fresh_network_takes_the_smaller_shapes(name):
    net, inputs = make(name), example(name)
    structure = structure_of(net, inputs)
    small = shrink(net, structure, half(structure))
    fresh = make(name, seed=7)
    state = small.state_dict()
    fit_shapes(fresh, {key: tuple(tensor.shape) for key, tensor in state.items()})
    fresh.load_state_dict(state, strict=True)
    with torch.no_grad():
        assert torch.equal(fresh(inputs), small(inputs))


def test_expanding_is_the_inverse_of_slicing():
    net, inputs = make("residual"), example("residual")
    structure = structure_of(net, inputs)
    kept = half(structure)
    dense = dict(named_tensors(net))
    small = slice_state(dense, structure, kept)
    whole = expand_state(small, dense, structure, kept)
    again = slice_state(whole, structure, kept)
    assert all(torch.equal(again[name], small[name]) for name in small)
    assert all(whole[name].shape == dense[name].shape for name in dense)
    removed = sorted(set(range(8)) - set(kept["conv1"]))
    assert whole["conv1.weight"][removed].abs().sum() == 0
