import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

import prunekit
from prunekit.criteria.units import unit_scores
from prunekit.graph import structure_of
from prunekit.tasks.folding import fold


def masked() -> nn.Module:
    net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))
    prune.l1_unstructured(net[0], "weight", 0.5)
    prune.random_unstructured(net[0], "bias", 0.25)
    return net


def normed(norm) -> nn.Module:
    return nn.Sequential(norm(nn.Linear(5, 8)), nn.ReLU(), nn.Linear(8, 4))


KINDS = {
    "masks": masked,
    "weight norm by a hook": lambda: normed(weight_norm),
    "spectral norm by a hook": lambda: normed(spectral_norm),
    "weight norm": lambda: normed(parametrizations.weight_norm),
    "spectral norm": lambda: normed(parametrizations.spectral_norm),
    "orthogonal": lambda: normed(parametrizations.orthogonal),
}
pytestmark = pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_folded_network_answers_the_same_with_plain_tensors(kind):
    net, x = KINDS[kind]().eval(), torch.randn(3, 5)
    with torch.no_grad():
        wanted = net(x)
    names = fold(net)
    assert "0.weight" in names
    assert {name for name, _ in net.named_parameters()} == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert not dict(net.named_buffers())
    assert not net[0]._forward_pre_hooks
    torch.testing.assert_close(net(x), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_an_opened_network_is_scored_by_its_weights_and_a_note_says_so(kind, tmp_path):
    net = KINDS[kind]().eval()
    net(torch.zeros(2, 5))  # leaves a weight that hangs on this pass
    before = [*net.state_dict()]
    desk = prunekit.open(net, validation=(torch.randn(6, 5), torch.arange(6) % 4), workspace=tmp_path)
    assert [*net.state_dict()] == before
    structure = desk.opened.structure
    layer = structure.layer("0")
    assert (layer.weight, layer.params) == ("0.weight", 48)  # 8 × 5 weights and 8 biases
    assert "computes 0.weight" in structure.notes[-1]
    assert structure.group("0").protected is None
    lengths = net[0].weight.detach().square().sum(1).sqrt()
    order = unit_scores(desk.opened.task.model, structure, "l2").values["0"].argsort()
    assert order.tolist() == lengths.argsort().tolist()


def test_what_is_masked_names_its_layer_not_the_mask():
    net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))
    prune.custom_from_mask(net[0], "weight", torch.ones(8, 5))
    layer = structure_of(net.eval(), torch.randn(3, 5)).layers[0]
    assert (layer.name, layer.weight, layer.params) == ("0", "0.weight_orig", 48)


def test_a_network_that_holds_the_weight_of_its_last_pass_is_analysed():
    net = normed(weight_norm).eval()
    kept = copy.copy(vars(net[0])["weight"])
    structure = structure_of(net, torch.randn(3, 5))
    assert [(layer.name, layer.params) for layer in structure.layers] == [("0", 48), ("2", 36)]  # weights and biases
    assert torch.equal(vars(net[0])["weight"], kept)


@pytest.mark.parametrize("kind", ["masks", "weight norm"])
def test_an_exported_checkpoint_fills_the_class_that_computes_its_weights(kind, tmp_path):
    from prunekit import Recipe
    from prunekit.export.formats import FORMATS

    net = KINDS[kind]().eval()
    desk = prunekit.open(net, validation=(torch.randn(6, 5), torch.arange(6) % 4), workspace=tmp_path / "w")
    files = desk.export(Recipe(channels={"0": 0.5}), tmp_path / "out", ["checkpoint"], progress=False)
    path = next((tmp_path / "out").glob("*.safetensors"))
    x = torch.randn(3, 5)
    small = FORMATS["checkpoint"].load(path, KINDS[kind]())
    assert files is not None
    torch.testing.assert_close(small(x), desk.prune(Recipe(channels={"0": 0.5})).model(x), rtol=0, atol=1e-6)
