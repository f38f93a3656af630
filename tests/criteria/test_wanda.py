import pytest
import torch
from torch import nn

from prunekit.criteria.norms import input_norms
from prunekit.criteria.weights import weight_scores
from prunekit.errors import RecipeError
from prunekit.tasks.task import Split
from tests.untouched import untouched


def test_norms_are_those_of_what_each_weight_multiplies():
    net = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.Flatten(), nn.Linear(24, 2)).eval()
    inputs = torch.randn(5, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    with untouched(net):
        found = input_norms(net, Split(inputs, torch.zeros(5)))
    assert {name: norms.shape for name, norms in found.items()} == {
        "0.weight": net[0].weight.shape,
        "2.weight": net[2].weight.shape,
    }
    loud = inputs.square().mean((0, 2, 3)).sqrt()
    # The first three outputs read channels 0 and 1, the others 2 and 3.
    assert torch.allclose(found["0.weight"][:3, :, 0, 0], loud[:2].expand(3, 2))
    assert torch.allclose(found["0.weight"][3:, :, 2, 1], loud[2:].expand(3, 2))
    with torch.no_grad():
        behind = net[1](net[0](inputs))
    assert torch.allclose(found["2.weight"][1], behind.square().mean(0).sqrt())


def test_a_small_weight_behind_a_loud_input_outlives_a_large_one():
    weight, norms = torch.tensor([[1.0, -3.0, 2.0]]), torch.tensor([[9.0, 1.0, 0.0]])
    # 9, 3 and 0, divided by their mean 4
    assert weight_scores(weight, "wanda", norms=norms).tolist() == [[2.25, 0.75, 0.0]]
    with pytest.raises(RecipeError, match="Wanda scores need activations"):
        weight_scores(weight, "wanda")


def test_an_input_given_by_name_is_heard_too():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 1)

        def forward(self, x):
            return self.inner(input=x)

    found = input_norms(Named(), Split(torch.tensor([[3.0, -1.0], [-3.0, 1.0]]), torch.zeros(2)))
    assert found["inner.weight"].tolist() == [[3, 1]]
