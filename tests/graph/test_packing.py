import copy
import pickle

import pytest
import torch
from torch import nn

from prunekit.graph import shrink, structure_of
from tests.graph.test_heavy import SPELLINGS


class Long(nn.Module):
    """More operations in a row than Python calls functions inside one another."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x):
        h = self.stem(x).view(-1, 8)
        for _ in range(1200):
            h = torch.relu(h)
        return self.head(h)


NETWORKS = {**{name: SPELLINGS[name] for name in ("a range", "literals", "a mask", "a plain attribute")}, "long": Long}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_cut_by_its_graph_goes_to_other_processes_whole(name):
    net, x = NETWORKS[name]().eval(), torch.randn(4, 5)
    structure = structure_of(net, x)
    assert structure.group("stem").graph_only
    again = pickle.loads(pickle.dumps(structure))
    assert again.groups == structure.groups
    kept = {"stem": [0, 2, 5]}
    small = shrink(net, structure, kept)
    with torch.no_grad():
        wanted = small(x)
        for twin in (shrink(net, again, kept), pickle.loads(pickle.dumps(small)), copy.deepcopy(small)):
            assert torch.equal(twin(x), wanted)
        assert small(torch.randn(7, 5)).shape == (7, 3)


def test_the_graph_of_a_cut_network_lands_in_a_file(tmp_path):
    net, x = NETWORKS["a mask"]().eval(), torch.randn(4, 5)
    small = shrink(net, structure_of(net, x), {"stem": [1, 4]})
    torch.save(small, tmp_path / "net.pt")
    with torch.no_grad():
        assert torch.equal(torch.load(tmp_path / "net.pt", weights_only=False)(x), small(x))
