import pytest
import torch
from torch import nn

from prunekit.quantize.activations import levels, round_inputs, rounding_in_training, without_rounding
from prunekit.tasks.task import Split
from tests.untouched import untouched


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()


def test_a_grid_spans_what_was_seen_with_zero_on_it(net):
    inputs = torch.tensor([[-1.0, 0.0, 4.1], [0.5, 0.0, 1.0]])
    with untouched(net):
        found = levels(net, ["0", "2"], Split(inputs, torch.zeros(2)))
    # 5.1 ÷ 255 = 0.02; zero stands at 1 ÷ 0.02 = 50
    assert found["0"].scale == pytest.approx(0.02)
    assert found["0"].zero == 50
    assert found["2"].zero == 0  # behind a ReLU


def test_inputs_are_rounded_on_a_copy(net):
    inputs = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    found = levels(net, ["0"], Split(inputs, torch.zeros(8)))
    with untouched(net):
        rounded = round_inputs(net, found)
    grid = found["0"]
    assert torch.equal(rounded(inputs), net((inputs / grid.scale).round() * grid.scale))
    assert not torch.equal(rounded(inputs), net(inputs))
    assert torch.equal(without_rounding(rounded)(inputs), net(inputs))


def test_in_training_each_batch_has_its_grid_and_gradients_pass():
    net = nn.Linear(3, 2, bias=False)
    inputs = torch.tensor([[-1.0, 0.0, 4.1], [0.513, 0.0, 1.009]], requires_grad=True)
    with untouched(net), rounding_in_training(net, [""]):
        found = net(inputs)
    # 5.1 ÷ 255 = 0.02 between two levels
    near = torch.tensor([[-1.0, 0.0, 4.1], [0.52, 0.0, 1.0]])
    assert torch.allclose(found, net(near), atol=1e-6)
    found.sum().backward()
    assert torch.allclose(inputs.grad, net.weight.sum(0).expand(2, 3))


class Named(nn.Module):
    """A layer called by its input's name."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 2, bias=False)

    def forward(self, x):
        return self.inner(input=x)


def test_an_input_given_by_name_is_rounded_too():
    torch.manual_seed(0)
    net, inputs = Named(), torch.tensor([[-1.0, 0.0, 4.1], [0.513, 0.0, 1.009]])
    found = levels(net, ["inner"], Split(inputs, torch.zeros(2)))
    rounded = round_inputs(net, found)
    # 5.1 ÷ 255 = 0.02 between two levels
    near = net(torch.tensor([[-1.0, 0.0, 4.1], [0.52, 0.0, 1.0]]))
    assert torch.allclose(rounded(inputs), near, atol=1e-6)
    assert torch.equal(without_rounding(rounded)(inputs), net(inputs))
    with untouched(net), rounding_in_training(net, ["inner"]):
        assert torch.allclose(net(inputs), near, atol=1e-6)
