import copy
import gc
import subprocess
import sys
import weakref
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph import named_tensors, trace
from prunekit.graph.record import record
from prunekit.graph.trace import HEAVY
from prunekit.tasks.opening import open_task
from prunekit.tasks.zoo import TASKS
from tests.nets import NETS, example, make
from tests.untouched import untouched

Pair = namedtuple("Pair", "first second")


@dataclass
class Answer:
    scores: Tensor
    hidden: list[Tensor]


class Net(nn.Module):
    """A forward pass with the modules, parameters and constants that it uses."""

    def __init__(self, run, **parts):
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


def scale_in_place(net, x):
    y = net.a(x)
    y[:, :2].mul_(2)
    y[:, 3] = 0.0
    return net.b(F.relu(y, inplace=True))


def literals(net, x):
    y = net.a(x)
    return y * torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1) + torch.arange(6) + torch.zeros_like(x[:, :1])


def conv(inputs=3, outputs=4):
    return nn.Conv2d(inputs, outputs, 1)


AWKWARD = {
    "residual": lambda: Net(lambda n, x: F.relu(n.a(x) + n.b(n.a(x))), a=conv(), b=conv(4)),
    "concatenation": lambda: Net(lambda n, x: torch.cat([n.a(x), x], 1), a=conv()),
    "chunk": lambda: Net(lambda n, x: torch.cat(n.a(x).chunk(2, 1)[::-1], 1), a=conv()),
    "part of a split": lambda: Net(lambda n, x: n.a(x).split([1, 3], 1)[1], a=conv()),
    "in place": lambda: Net(scale_in_place, a=conv(), b=conv(4, 2)),
    "dropout": lambda: Net(lambda n, x: n.drop(F.dropout2d(n.a(x), 0.3, n.training)), a=conv(), drop=nn.Dropout()),
    "group norm": lambda: Net(lambda n, x: n.norm(n.a(x)), a=conv(), norm=nn.GroupNorm(2, 4)),
    "indices of a pool": lambda: Net(lambda n, x: F.max_pool2d(n.a(x), 2, return_indices=True)[0], a=conv()),
    "functional weight": lambda: Net(
        lambda n, x: torch.einsum("bchw,dc->bdhw", x, n.w.abs()), w=nn.Parameter(torch.randn(4, 3))
    ),
    "literals": lambda: Net(literals, a=conv()),
    "constant": lambda: Net(lambda n, x: n.a(x) * n.k, a=conv(), k=torch.full((4, 1, 1), 2.0)),
    "read constant": lambda: Net(lambda n, x: n.a(x) * n.k.item(), a=conv(), k=torch.tensor(2.0)),
    "chance": lambda: Net(lambda n, x: n.a(x) + torch.rand(1) + torch.rand_like(x[:, :1]), a=conv()),
    "dictionary": lambda: Net(lambda n, x: {"a": n.a(x), "rest": (n.a(x).mean((2, 3)), [x])}, a=conv()),
    "twice": lambda: Net(lambda n, x: n.a(n.a(x)), a=conv(3, 3)),
    "double precision": lambda: Net(lambda n, x: n.a(x.double()).float(), a=conv().double()),
    "recurrent": lambda: Net(lambda n, x: n.a(x.flatten(2))[0], a=nn.LSTM(36, 4, batch_first=True)),
}
ATTENTION = {
    "attention": lambda: Net(lambda n, x: n.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)),
    "no weights": lambda: Net(
        lambda n, x: n.a(x, x, x, need_weights=False)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)
    ),
    "layer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
}


def recorded(model: nn.Module, inputs: Tensor) -> fx.Graph:
    model = copy.deepcopy(model).eval()
    return record(model, dict(named_tensors(model)), inputs).graph


def reference(model: nn.Module, inputs: Tensor) -> fx.Graph:
    """What PyTorch's own tracer makes of the same pass."""
    from torch.fx.experimental.proxy_tensor import make_fx

    model = copy.deepcopy(model).eval()

    def forward(state, x):
        return torch.func.functional_call(model, state, (x,))

    with torch.no_grad():
        return make_fx(forward, pre_dispatch=True)(dict(named_tensors(model)), inputs).graph


def written(graph: fx.Graph) -> list[object]:
    """A graph as plain values: targets, arguments as positions, shapes, strides and types of results."""
    position = {node: f"%{index}" for index, node in enumerate(graph.nodes)}
    lines = []
    for node in graph.nodes:
        arguments = pytree.tree_map_only(fx.Node, position.get, (node.args, node.kwargs))
        values = [value for value in pytree.tree_leaves(node.meta.get("val")) if isinstance(value, Tensor)]
        results = [(tuple(value.shape), value.stride(), value.dtype) for value in values]
        if node.op == "output":
            arguments = pytree.tree_leaves(arguments)
        lines.append((node.op, "" if node.op == "placeholder" else str(node.target), str(arguments), results))
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_the_bundled_networks_are_recorded_as_pytorch_traces_them(name):
    task = open_task(name)
    assert written(recorded(task.model, task.example)) == written(reference(task.model, task.example))


@pytest.mark.parametrize("name", NETS)
def test_tiny_networks_are_recorded_as_pytorch_traces_them(name):
    assert written(recorded(make(name), example(name))) == written(reference(make(name), example(name)))


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_networks_are_recorded_as_pytorch_traces_them(name):
    net, inputs = AWKWARD[name](), torch.randn(2, 3, 6, 6)
    assert written(recorded(net, inputs)) == written(reference(net, inputs))


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_not_one_opaque_operation(name):
    net, inputs = ATTENTION[name](), torch.randn(2, 5, 8)
    assert written(recorded(net, inputs)) == written(reference(net, inputs))
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.slow
def test_importing_and_tracing_need_no_compiler_and_no_computer_algebra():
    code = """
import sys
from prunekit.graph import structure_of
from prunekit.tasks.opening import open_task
task = open_task("vit")
structure_of(task.model, task.example)
print([name for name in ("torch._dynamo", "torch._inductor", "sympy") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "read",
    [
        lambda net, x: x if x.sum() > 0 else -x,
        lambda net, x: x * x.max().item(),
        lambda net, x: x * int(net.k.sum()),
        lambda net, x: x if torch.equal(x, -x) else -x,
        lambda net, x: x * torch.rand(1).item(),
        lambda net, x: x * max(x[0].tolist()),
        lambda net, x: x + torch.from_numpy(x.numpy()),
        lambda net, x: x + np.asarray(x).sum().item(),
        lambda net, x: x + torch.tensor([x[0, 0], x[0, 1], 1.0]),
        lambda net, x: x + torch.from_dlpack(x),
        lambda net, x: x * net.k.detach().numpy().sum().item(),
        lambda net, x: x * len(x[x > 0]),
        lambda net, x: x * x.untyped_storage()[0],
    ],
    ids=[
        *"branch item weights comparison chance list numpy array collected dlpack".split(),
        "numpy weights",
        *"count memory".split(),
    ],
)
def test_reading_a_value_is_noted(read):
    net, inputs = Net(read, k=nn.Parameter(torch.ones(2, 3))), torch.randn(2, 3)
    with untouched(net):
        assert trace(net, inputs).reads


def test_no_value_is_read_where_the_way_does_not_depend_on_one():
    assert trace(Net(lambda net, x: x if x.shape[0] > 1 else -x), torch.randn(2, 3)).reads == ()


@pytest.mark.parametrize(
    "copy_of",
    [lambda x: x.data, lambda x: torch.as_tensor(x), lambda x: x.new_zeros(3) + x, lambda x: torch.cat([*x.data])],
    ids=["data", "as tensor", "new", "iterated"],
)
def test_what_stays_a_tensor_is_followed(copy_of):
    traced = trace(Net(lambda net, x: copy_of(x) * 2), torch.randn(2, 3))
    assert (traced.reads, dict(traced.constants)) == ((), {})


def test_a_constant_that_the_input_was_written_into_counts_as_read():
    def run(net, x):
        kept = torch.zeros(3)
        assert kept.sum().item() == 0
        kept[1:].copy_(x[0, 1:])
        return x * kept.sum().item()

    assert trace(Net(run), torch.randn(2, 3)).reads == ("aten.item.default",)


def test_the_mask_of_causal_attention_may_be_read():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net = Net(
        lambda net, x: net.a(x, mask=nn.Transformer.generate_square_subsequent_mask(5)),
        a=nn.TransformerEncoder(layer, 1),
    )
    operations = [str(node.target) for node in recorded(net, torch.randn(2, 5, 8)).nodes]
    assert "aten.scaled_dot_product_attention.default" in operations
    assert not any("fast" in operation or "nested" in operation for operation in operations)


def test_outputs_are_found_in_lists_named_tuples_and_data_classes():
    net = Net(lambda net, x: Pair(Answer(net.a(x), [x, net.a(x)]), {"none": None}), a=conv())
    graph = recorded(net, torch.randn(2, 3, 6, 6))
    (output,) = (node for node in graph.nodes if node.op == "output")
    assert [node.name for node in output.all_input_nodes] == ["conv2d", "input_1", "conv2d_1"]


def test_constants_are_known_as_they_were_before_the_pass_wrote_into_them():
    def run(net, x):
        net.k.add_(1)
        return x * net.k * torch.tensor([3.0])

    net = Net(run, k=torch.tensor([5.0]))
    traced = trace(net, torch.randn(2, 1))
    names = [node for node in traced.graph.nodes if node.op == "get_attr"]
    assert [traced.constants[node].tolist() for node in names] == [[5.0], [3.0]]
    assert net.k.tolist() == [5.0]


def test_an_output_that_may_hide_tensors_is_refused():
    net = Net(lambda net, x: (x, Net(None, hidden=net.a(x))), a=conv())
    with pytest.raises(StructureError, match="returns a Net; return tensors"):
        recorded(net, torch.randn(2, 3, 6, 6))


def test_activations_are_let_go():
    alive = []

    def run(net, x):
        y = net.a(x)
        alive.append(weakref.ref(y))
        z = net.b(y)
        del y
        gc.collect()
        assert alive[0]() is None
        return z

    graph = recorded(Net(run, a=conv(), b=conv(4)), torch.randn(2, 3, 6, 6))
    assert all(node.meta["val"].is_meta for node in graph.nodes if node.op != "output")


def test_what_a_forward_pass_does_to_its_network_stays_in_the_copy():
    def run(net, x):
        net.calls.add_(1)
        net.seen = x
        torch.rand(1)
        raise ValueError("no such luck")

    net = Net(run, a=conv(), calls=torch.zeros(1)).train()
    net.register_buffer("count", torch.zeros(1))
    inputs = torch.randn(2, 3, 6, 6)
    with untouched(net), pytest.raises(StructureError, match="no such luck"):
        trace(net, inputs)
    assert net.calls == 0
    assert not hasattr(net, "seen")
    assert torch.backends.mha.get_fastpath_enabled()
    assert torch.is_grad_enabled()


def test_a_large_network_is_recorded_on_meta_unless_it_needs_values():
    ballast = nn.Parameter(torch.empty(HEAVY // 4 + 1))
    devices = []

    def run(net, x):
        devices.append(x.device.type)
        return net.a(x)

    def mixed(net, x):
        devices.append(x.device.type)
        return net.a(x) * net.k  # a tensor that is no parameter stays where it is, and is known

    def reading(net, x):
        devices.append(x.device.type)
        return net.a(x) * net.a.bias[0].item()

    images, k = torch.randn(2, 3, 6, 6), torch.full((4, 1, 1), 2.0)
    assert not trace(Net(run, a=conv(), ballast=ballast), images).needs_values
    constants = trace(Net(mixed, a=conv(), ballast=ballast, k=k), images).constants
    assert torch.equal(*constants.values(), k)
    assert devices == ["meta", "meta"]
    assert trace(Net(reading, a=conv(), ballast=ballast), images).needs_values
    assert devices == ["meta", "meta", "meta", "cpu"]
