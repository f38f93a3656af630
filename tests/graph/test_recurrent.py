"""Hidden units of recurrent layers, against their equations written out step by step."""

import importlib
import itertools

import pytest
import torch
from torch import Tensor, nn

from prunekit.export.checks import count_macs
from prunekit.figures.wiring import lanes
from prunekit.graph import fit_shapes, shrink, structure_of
from prunekit.graph.proof import Prover, comparison
from prunekit.records.proof import EXACT
from tests.graph.battery import decoding, recurrent  # noqa: F401 - each enters its networks
from tests.graph.battery.case import CASES

LIMIT = importlib.import_module("prunekit.graph.trace")
"""The module that knows how large a network is recorded without values; the package has a function of its name."""
OURS = [
    name
    for name, case in CASES.items()
    if case.factory.__module__ in ("tests.graph.battery.recurrent", "tests.graph.battery.decoding")
]


def step(mode: str, rows: Tensor, state: Tensor, memory: Tensor, again: Tensor) -> tuple[Tensor, Tensor]:
    """Make the next state, and what an LSTM remembers beside it, as PyTorch's documentation writes it."""
    if mode == "LSTM":
        enter, forget, new, leave = (rows + again).chunk(4, -1)
        memory = torch.sigmoid(forget) * memory + torch.sigmoid(enter) * torch.tanh(new)
        return torch.sigmoid(leave) * torch.tanh(memory), memory
    if mode == "GRU":
        (reset, update, new), (r, z, n) = rows.chunk(3, -1), again.chunk(3, -1)
        new = torch.tanh(new + torch.sigmoid(reset + r) * n)
        update = torch.sigmoid(update + z)
        return (1 - update) * new + update * state, memory
    return torch.relu(rows + again) if mode == "RNN_RELU" else torch.tanh(rows + again), memory


def unrolled(net: nn.RNNBase, x: Tensor, kept: list[int]) -> tuple[Tensor, Tensor]:
    """Run ``(steps, batch, inputs)`` where nobody reads the hidden units that are not kept."""
    gone = torch.ones(net.hidden_size, dtype=torch.bool)
    gone[kept] = False
    tensors = {name: tensor.detach().clone() for name, tensor in net.named_parameters()}
    last = []
    for layer in range(net.num_layers):
        outputs = []
        for suffix in ("", "_reverse") if net.bidirectional else ("",):
            read, own = (tensors[f"weight_{kind}_l{layer}{suffix}"] for kind in ("ih", "hh"))
            first, second = (tensors.get(f"bias_{kind}_l{layer}{suffix}", torch.zeros(())) for kind in ("ih", "hh"))
            own[:, gone] = 0
            if layer:
                read[:, gone.repeat(2 if net.bidirectional else 1)] = 0
            state = memory = torch.zeros(x.shape[1], net.hidden_size, dtype=x.dtype)
            states = []
            for inputs in x.flip(0) if suffix else x:
                state, memory = step(net.mode, inputs @ read.T + first, state, memory, state @ own.T + second)
                states.append(state)
            last.append(state[:, kept])
            outputs.append(torch.stack(states[::-1] if suffix else states)[..., kept])
        whole = torch.zeros(*x.shape[:2], len(outputs), net.hidden_size, dtype=x.dtype)
        whole[..., kept] = torch.stack(outputs, 2)
        x = whole.flatten(2)
    return torch.cat(outputs, -1), torch.stack(last)


class Around(nn.Module):
    """A recurrent layer between two others, with whatever its module gives out."""

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        both = 2 if rnn.bidirectional else 1
        self.before, self.rnn, self.out = nn.Linear(2, 3), rnn, nn.Linear(both * rnn.hidden_size, 2)
        self.last = nn.Linear(rnn.hidden_size, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        answer, state = self.rnn(self.before(x))
        return self.out(answer), self.last(state[0] if isinstance(state, tuple) else state)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN, lambda *a, **k: nn.RNN(*a, **k, nonlinearity="relu")])
@pytest.mark.parametrize(
    ("layers", "both", "bias"), list(itertools.product((1, 3), (False, True), (False, True))), ids=lambda x: str(int(x))
)
def test_a_cut_layer_answers_as_its_equations_without_those_units(kind, layers, both, bias):
    torch.manual_seed(0)
    net = Around(kind(3, 5, num_layers=layers, bidirectional=both, bias=bias)).double().eval()
    x = torch.randn(4, 3, 2, dtype=torch.double)
    structure = structure_of(net, x)
    group = structure.group("rnn")
    assert (group.units, group.protected, group.graph_only) == (5, None, "")
    for kept in ([2], [0, 3], [0, 1, 3, 4]):
        small = shrink(net, structure, {"rnn": kept})
        assert type(small.rnn) is type(net.rnn)
        assert small.rnn.hidden_size == len(kept)
        with torch.no_grad():
            answer, last = unrolled(net.rnn, net.before(x), kept)
            columns = torch.tensor(kept).add(torch.arange(2 if both else 1)[:, None] * 5).flatten()
            wanted = answer @ net.out.weight[:, columns].T + net.out.bias
            torch.testing.assert_close(small(x)[0], wanted, rtol=0, atol=1e-12)
            wanted = last @ net.last.weight[:, kept].T + net.last.bias
            torch.testing.assert_close(small(x)[1], wanted, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_each_group_alone_is_exact_down_to_one_unit(name):
    prover = Prover(CASES[name].model(), CASES[name].inputs())
    for group in prover.structure.prunable:
        for count in range(1, group.units):
            assert prover.error({group.name: prover.choose(group, count, count)}) <= EXACT, (group.name, count)


def test_counts_are_those_of_the_equations():
    """17 steps of 4 gates of 24 units that read 32 inputs and each other; then of 10 units."""
    net = nn.Sequential(nn.LSTM(32, 24, batch_first=True))
    structure = structure_of(net, torch.randn(2, 17, 32))
    assert structure.cost({}).macs == 17 * 4 * 24 * (32 + 24) == 91392
    assert structure.cost({}).params == 4 * 24 * (32 + 24 + 2)
    by_layer = dict(zip([layer.name for layer in structure.layers], structure.layer_costs({}), strict=True))
    assert by_layer == {
        "0": (4 * 24 * (32 + 1), 17 * 4 * 24 * 32),
        "0.weight_hh_l0": (4 * 24 * (24 + 1), 17 * 4 * 24 * 24),
    }

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.LSTM(32, 24, batch_first=True), nn.Linear(24, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.rnn(x)[0][:, -1])

    structure = structure_of(Last(), torch.randn(2, 17, 32))
    assert structure.cost({"rnn": 10}).macs == 17 * 4 * 10 * (32 + 10) + 10 * 5


def test_fused_layers_are_counted_where_no_copy_without_values_runs():
    net = CASES["Packed"].factory().eval()
    x = CASES["Packed"].inputs(1).float()
    # 4 steps of 4 gates of 4 units; all 5 steps of the layer before; 4 numbers become 2 once, after a sum
    assert count_macs(net, x) == 5 * 2 * 3 + 4 * 4 * 4 * (3 + 4) + 4 * 2


def test_a_module_of_its_class_stays_trainable_and_takes_the_smaller_state():
    torch.manual_seed(0)
    case = CASES["StackedLstm"]
    net, x = case.factory().eval(), case.inputs()
    structure = structure_of(net, x)
    small = shrink(net, structure, {"rnn": [0, 2, 3], "embed": [1, 2]}).train()
    small(x).sum().backward()
    assert all(parameter.grad is not None for parameter in small.parameters())
    fresh = case.factory().eval()
    fit_shapes(fresh, {name: tuple(tensor.shape) for name, tensor in small.state_dict().items()})
    fresh.load_state_dict(small.state_dict())
    assert repr(fresh) == repr(small)
    assert torch.equal(fresh(x), small.eval()(x))


@pytest.mark.parametrize("name", ["StatesBySize", "PlainCell"])
def test_states_that_a_graph_makes_are_of_the_type_of_its_weights(name):
    """What was analysed in single precision is proven in double."""
    net, x = CASES[name].model().float(), CASES[name].inputs().float()
    structure = structure_of(net, x)
    (group,) = structure.prunable
    assert group.graph_only
    compared = comparison(net, structure, x)
    assert compared.model.out.weight.dtype == torch.double
    assert compared.error({group.name: [0, 2]}) <= EXACT


def test_dropout_between_layers_follows_the_mode_of_a_graph():
    net = CASES["StatesBySize"].factory()
    net.rnn.dropout = 0.5
    x = CASES["StatesBySize"].inputs().float()
    small = shrink(net, structure_of(net, x), {"rnn": [0, 2]})
    assert torch.equal(small.eval()(x), small(x))
    assert not torch.equal(small.train()(x), small(x))


def test_the_reason_of_the_bracket_names_the_layer():
    group = structure_of(CASES["StackedLstm"].factory(), CASES["StackedLstm"].inputs()).group("rnn.weight_hh_l1")
    assert group.name == "rnn"
    assert group.linked == "rnn has the same hidden units in all its gates, layers and directions"


def test_the_weights_of_a_call_lead_to_each_other_and_to_what_reads_it():
    structure = structure_of(CASES["ResidualLstm"].factory(), CASES["ResidualLstm"].inputs().float())
    assert set(structure.links) == {
        ("before", "first"), ("first", "first.weight_hh_l0"),
        ("before", "second"), ("first", "second"), ("first.weight_hh_l0", "second"), ("second", "second.weight_hh_l0"),
        ("second", "out"), ("second.weight_hh_l0", "out"),
    }  # fmt: skip
    assert set(lanes(structure.layers, structure.links).values()) == {0}


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_a_large_network_has_the_same_groups(name, monkeypatch):
    net, inputs = CASES[name].model(), CASES[name].inputs()
    light = structure_of(net, inputs)
    monkeypatch.setattr(LIMIT, "HEAVY", 0)
    heavy = structure_of(net, inputs)
    assert (heavy.groups, heavy.layers, heavy.notes) == (light.groups, light.layers, light.notes)
    kept = {group.name: range(group.units // 2 or 1) for group in light.prunable}
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    with torch.no_grad():
        assert torch.equal(shrink(net, heavy, kept)(*arguments), shrink(net, light, kept)(*arguments))
