import pytest
import torch
from torch import nn

from prunekit.look.influence import influence
from prunekit.records import Block
from prunekit.tasks.task import Split
from tests.untouched import untouched


class Named(nn.Module):
    """A layer called by its input's name."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2, bias=False)
        nn.init.constant_(self.inner.weight, 1.0)

    def forward(self, x):
        return self.inner(input=x)


def test_what_enters_by_name_is_compared_too():
    net = Named()
    block = Block(name="inner", layers=("inner",), replaced=(("inner", "identity"),))
    with untouched(net):
        found = influence(net, [block], Split(torch.tensor([[1.0, 0.0]]), torch.zeros(1)))
    # (1, 0) becomes (1, 1): a cosine of 1 ÷ √2
    assert found["inner"] == pytest.approx(1 - 0.5**0.5)
