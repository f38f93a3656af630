import pytest
import torch
from torch import nn

from prunekit.graph.removable import IDENTITY, NOTHING, Nothing, removable, shorten
from tests import nets
from tests.untouched import untouched


class Branch(nn.Module):
    """A transformer's block: two branches, each behind a normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(6), nn.LayerNorm(6)
        self.mix, self.up, self.down = nn.Linear(6, 6), nn.Linear(6, 9), nn.Linear(9, 6)

    def forward(self, x):
        x = x + self.mix(self.norm1(x))
        return x + self.down(torch.relu(self.up(self.norm2(x))))


class Stacked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = nn.Linear(4, 6), nn.Sequential(Branch(), Branch()), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.blocks(torch.relu(self.stem(x))))


class Tied(nn.Module):
    """A layer of one shape whose output is used twice, and one that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x):
        return self.c(self.b(self.b(torch.tanh(self.a(x)))).view(len(x), 5))


def blocks(model, inputs):
    *_, found = removable(model, inputs)
    return found


@pytest.fixture(scope="module")
def stacked():
    torch.manual_seed(0)
    return Stacked().eval()


def test_a_transformers_block_goes_whole_or_branch_by_branch(stacked):
    inputs = torch.randn(2, 4)
    with untouched(stacked):
        found = {block.name: block for block in blocks(stacked, inputs)}
    assert list(found) == [f"blocks.{n}{part}" for n in (0, 1) for part in ("", ".mix", ".up+down")]
    assert found["blocks.0"].replaced == (("blocks.0", IDENTITY),)
    assert found["blocks.0"].layers == ("blocks.0.mix", "blocks.0.up", "blocks.0.down")
    assert dict(found["blocks.1.up+down"].replaced)["blocks.1.down"] == NOTHING
    without = shorten(stacked, [found["blocks.0"], found["blocks.1.up+down"]])
    x = torch.relu(stacked.stem(inputs))
    last = stacked.blocks[1]
    assert torch.allclose(without(inputs), stacked.head(x + last.mix(last.norm1(x))))
    left = sum(parameter.numel() for parameter in without.parameters())
    assert left == sum(p.numel() for p in stacked.parameters()) - sum(
        p.numel() for m in (stacked.blocks[0], last.up, last.down, last.norm2) for p in m.parameters()
    )


def test_a_residual_branch_with_a_projection_of_its_own_class():
    net = nets.make("residual")
    inputs = nets.example("residual", 2, 0)
    (block,) = blocks(net, inputs)
    assert (block.name, block.layers) == ("conv1+conv2", ("conv1", "conv2"))
    x = torch.relu(net.bn0(net.stem(inputs)))
    assert torch.allclose(shorten(net, [block])(inputs), net.fc(torch.relu(x).mean((2, 3))))


def test_only_what_the_network_does_without_is_offered():
    torch.manual_seed(0)
    net = Tied().eval()
    assert [block.name for block in blocks(net, torch.randn(2, 5))] == ["a"]


def test_nothing_is_a_zero_of_the_inputs_kind():
    answer = Nothing()(torch.ones(2, 3, dtype=torch.float64), 1, flag=True)
    assert (answer.shape, answer.dtype, float(answer)) == ((), torch.float64, 0.0)
