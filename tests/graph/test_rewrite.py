import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of


class Fixed(nn.Module):
    """A layer whose width the code writes down, so that only the graph can lose units; then what ``run`` does."""

    def __init__(self, run, **parts):
        super().__init__()
        self.run = run
        self.stem = nn.Linear(5, 8)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, torch.relu(self.stem(x)).view(-1, 8))


def numbers(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape))


def twice_by_hook() -> nn.Module:
    out = nn.Linear(8, 6)
    out.register_forward_hook(lambda module, given, answer: 2 * answer + 1)
    return Fixed(lambda net, h: net.out(h), out=out)


def statistics_of_the_batch(net, h):
    norm = net.norm
    return F.batch_norm(net.out(h), norm.running_mean, norm.running_var, norm.weight, norm.bias, True, 0.0)


COMPUTED = {
    "bias joined of two": lambda: Fixed(
        lambda net, h: F.linear(h, net.out.weight, torch.cat([net.q, net.v])),
        out=nn.Linear(8, 6, bias=False), q=numbers(3), v=numbers(3),
    ),
    "bias in place of the module's own": lambda: Fixed(
        lambda net, h: F.linear(h, net.out.weight, 2 * net.out.bias), out=nn.Linear(8, 6)
    ),
    "no bias in place of the module's own": lambda: Fixed(
        lambda net, h: F.linear(h, net.out.weight), out=nn.Linear(8, 6)
    ),
    "bias of a convolution": lambda: Fixed(
        lambda net, h: F.conv1d(h[:, :, None], net.out.weight, net.shift.tanh()),
        out=nn.Conv1d(8, 6, 1, bias=False), shift=numbers(6),
    ),
    "weight of a layer": lambda: Fixed(
        lambda net, h: F.linear(h, net.out.weight * net.scale, net.out.bias), out=nn.Linear(8, 6), scale=numbers(6, 1)
    ),
    "shift of a layer norm": lambda: Fixed(
        lambda net, h: F.layer_norm(net.out(h), (6,), net.norm.weight, net.shift.exp()),
        out=nn.Linear(8, 6), norm=nn.LayerNorm(6, bias=False), shift=numbers(6),
    ),
    "scale of a batch norm": lambda: Fixed(
        lambda net, h: F.batch_norm(net.out(h), net.norm.running_mean, net.norm.running_var, 1 + net.gain),
        out=nn.Linear(8, 6), norm=nn.BatchNorm1d(6, affine=False), gain=numbers(6),
    ),
    "mean of a batch norm": lambda: Fixed(
        lambda net, h: F.batch_norm(net.out(h), net.mean.tanh(), net.norm.running_var, net.norm.weight, net.norm.bias),
        out=nn.Linear(8, 6), norm=nn.BatchNorm1d(6), mean=numbers(6),
    ),
    "statistics of the batch": lambda: Fixed(statistics_of_the_batch, out=nn.Linear(8, 6), norm=nn.BatchNorm1d(6)),
    "the weight in place of the bias": lambda: Fixed(
        lambda net, h: F.linear(F.linear(h, net.out.weight), torch.eye(6).to(h), net.norm.weight),
        out=nn.Linear(8, 6, bias=False), norm=nn.LayerNorm(6),
    ),
    "groups of its own": lambda: Fixed(
        lambda net, h: F.conv1d(torch.cat([h, h], 1)[:, :, None], net.out.weight, net.out.bias, groups=2),
        out=nn.Conv1d(8, 6, 1),
    ),
    "answer of a hook": twice_by_hook,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPUTED)
def test_a_module_stands_for_a_call_only_with_all_its_tensors(name):
    with torch.random.fork_rng():
        net, x = COMPUTED[name]().double().eval(), torch.randn(4, 5, dtype=torch.double)
    structure = structure_of(net, x)
    assert structure.group("stem").protected is None
    assert structure.group("stem").graph_only
    kept = [0, 2, 5, 7]
    unread = copy.deepcopy(net)
    with torch.no_grad():
        unread.out.weight[:, [1, 3, 4, 6]] = 0
        wanted = unread(x)
        torch.testing.assert_close(shrink(net, structure, {"stem": kept})(x), wanted, rtol=0, atol=1e-12)


def test_modules_stay_where_they_do_what_the_graph_does():
    net = Fixed(
        lambda net, h: net.norm(net.out(h)),
        out=nn.Linear(8, 6), norm=nn.BatchNorm1d(6),
    ).eval()  # fmt: skip
    structure = structure_of(net, torch.randn(4, 5))
    small = shrink(net, structure, {"stem": [0, 1]})
    called = []
    for module in (small.stem, small.out, small.norm):
        module.register_forward_hook(lambda module, *_: called.append(module))
    small(torch.randn(4, 5))
    assert called == [small.stem, small.out, small.norm]


def test_a_cut_by_the_graph_trains_as_its_modules_do_and_says_what_it_leaves_frozen():
    def run(net, h):
        h = net.norm(net.drop(net.out(h)))
        return F.batch_norm(h, net.mean, net.var, training=net.training)

    parts = {"out": nn.Linear(8, 6), "norm": nn.BatchNorm1d(6), "drop": nn.Dropout(0.5)}
    net = Fixed(run, **parts).eval()
    net.register_buffer("mean", torch.zeros(6))
    net.register_buffer("var", torch.ones(6))
    structure = structure_of(net, torch.randn(4, 5))
    assert "training leaves mean and their like as they are" in structure.notes[-1]
    small = shrink(net, structure, {"stem": [0, 1, 2]}).train()
    torch.manual_seed(0)
    once, again = small(torch.ones(4, 5)), small(torch.ones(4, 5))
    assert not torch.equal(once, again)  # dropout
    assert small.norm.num_batches_tracked == 2
    assert not small.mean.any()
