import pytest
import torch

from prunekit.cut.pruned import prune
from prunekit.errors import TaskError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.recover.reconstruct import reconstruct
from prunekit.tasks.task import Split
from tests import nets
from tests.untouched import untouched


@pytest.fixture
def samples():
    inputs = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    return Split(inputs, torch.zeros(200, dtype=torch.long))


def test_what_is_a_sum_of_what_is_left_comes_back_whole(samples):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 3)).eval()
    with torch.no_grad():
        net[0].weight[3] = 0.1 * (net[0].weight[0] - net[0].weight[1])  # the shortest, so it goes
        net[0].bias[3] = 0.1 * (net[0].bias[0] - net[0].bias[1])
    structure = structure_of(net, samples.inputs[:2])
    pruned = prune(net, structure, Recipe(channels={"0": 0.25}))
    with untouched(net), untouched(pruned.model):
        fitting = reconstruct(net, pruned.model, structure, pruned.kept, samples)
        (record,) = list(fitting)
    assert pruned.kept["0"] == (0, 1, 2)
    assert (record.layer, record.done, record.total) == ("1", 1, 1)
    assert record.after < record.before
    with torch.no_grad():
        far, near = (m(samples.inputs) - net(samples.inputs) for m in (pruned.model, fitting.model))
    before, after = far.square().mean(), near.square().mean()
    assert after < 1e-3 * before


@pytest.mark.parametrize("name", ["plain", "residual"])
def test_no_layer_gets_worse_and_shapes_stay(name):
    net = nets.make(name)
    inputs = nets.example(name, 64, 0)
    structure = structure_of(net, inputs[:2])
    pruned = prune(net, structure, Recipe(channels={group.name: 0.4 for group in structure.prunable}))
    fitting = reconstruct(net, pruned.model, structure, pruned.kept, Split(inputs, torch.zeros(64)))
    records = list(fitting)
    assert records
    assert all(record.after <= record.before + 1e-9 for record in records)
    shapes = [{n: t.shape for n, t in model.state_dict().items()} for model in (pruned.model, fitting.model)]
    assert shapes[0] == shapes[1]
    with torch.no_grad():
        far, near = ((model(inputs) - net(inputs)).square().mean() for model in (pruned.model, fitting.model))
    assert near < far


def test_without_train_data_it_is_refused():
    net = nets.make("plain")
    with pytest.raises(TaskError, match="Reconstruction needs train data"):
        reconstruct(net, net, structure_of(net, nets.example("plain")), {}, None)


class FusedAttention(torch.nn.Module):
    """Attention between an MLP and a head: ``out_proj`` is a layer that is never called."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = torch.nn.Linear(3, 6), torch.nn.Linear(6, 8)
        self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = torch.nn.Linear(8, 4)

    def forward(self, x):
        x = self.fc2(self.fc1(x.flatten(2).transpose(1, 2)).relu())
        return self.head(x + self.attention(x, x, x, need_weights=False)[0]).mean(1)


@pytest.mark.parametrize(("cut", "fitted"), [("fc1", ["fc2", "head"]), ("attention", ["head"])])
def test_a_layer_whose_weight_is_read_without_a_call_is_passed_over(cut, fitted):
    torch.manual_seed(0)
    net, inputs = FusedAttention().eval(), nets.example("attention", 16)
    structure = structure_of(net, inputs[:2])
    group = next(group.name for group in structure.prunable if group.name.startswith(cut))
    pruned = prune(net, structure, Recipe(channels={group: 0.5}))
    with untouched(net), untouched(pruned.model):
        fitting = reconstruct(net, pruned.model, structure, pruned.kept, Split(inputs, torch.zeros(16)))
        records = list(fitting)
    assert [record.layer for record in records] == list(fitting.layers) == fitted
    assert all(record.after <= record.before + 1e-9 for record in records)


class OddPadding(torch.nn.Module):
    """A kernel of two with ``same`` padding, called by its input's name: one row and column more at the end."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 3)
        self.conv2 = torch.nn.Conv2d(4, 5, (2, 4), padding="same", dilation=(3, 1))

    def forward(self, x):
        return self.conv2(input=self.conv1(x)).mean((2, 3))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_a_sum_comes_back_whole_through_odd_padding_and_a_call_by_name():
    torch.manual_seed(0)
    net, inputs = OddPadding().eval(), nets.example("plain", 100)
    with torch.no_grad():
        net.conv1.weight[3] = 0.1 * (net.conv1.weight[0] - net.conv1.weight[1])
        net.conv1.bias[3] = 0.1 * (net.conv1.bias[0] - net.conv1.bias[1])
    structure = structure_of(net, inputs[:2])
    pruned = prune(net, structure, Recipe(channels={"conv1": 0.25}))
    fitting = reconstruct(net, pruned.model, structure, pruned.kept, Split(inputs, torch.zeros(100)))
    (record,) = list(fitting)
    assert record.after < 1e-3 * record.before
