"""Element-wise operations and those that only move values: cutting commutes with each, by value."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of

ELEMENTWISE = {
    **{name: getattr(torch, name) for name in """
    absolute acos arccos arcsin arctan arcsinh arctanh asin asinh atan atanh ceil cosh acosh deg2rad digamma erf erfc
    erfinv exp2 expm1 fix floor frac isfinite isinf isnan isneginf isposinf lgamma log10 log2 logit negative positive
    rad2deg reciprocal round rsqrt sgn signbit sin sinc sinh square tan trunc
    """.split()},
    **{f"special_{name}": getattr(torch.special, name) for name in "entr erfcx expit log_ndtr ndtr".split()},
    **{name: lambda x, name=name: getattr(torch, name)(x, 1 - x) for name in """
    arctan2 atan2 copysign divide eq float_power floor_divide fmax fmin fmod greater greater_equal heaviside hypot
    isclose ldexp less less_equal logaddexp logaddexp2 logical_xor maximum minimum nextafter not_equal pow remainder
    subtract true_divide xlogy
    """.split()},
    "clip": lambda x: torch.clip(x, 0.2, 0.7),
    "clip by tensors": lambda x: torch.clip(x, torch.tensor(0.2), torch.tensor(0.7)),
    "clamp by numbers and tensors": lambda x: x.clamp(max=x.new_tensor(0.5)),
    "clip in place": lambda x: torch.clip_(x + 0, 0.2, 0.7),
    "many in place": lambda x: (x + 0).sin_().atan_().floor_divide_(0.3).trunc_().negative_(),
    "subtracted from": lambda x: torch.rsub(x, 1),
    "where with numbers": lambda x: torch.where(x > 0.5, 1.0, 0.0) + torch.where(x > 0.4, x, 2.0),
    "where written": lambda x: torch.where(torch.tensor(True), x, x - 1),
    "bits": lambda x: ((x > 0.3) & (x < 0.6) | (x > 0.8) ^ (x > 0.9)).to(x),
    "shifted bits": lambda x: ((x * 10).int() << 1 >> 2 ^ 1).to(x),
    "filled": lambda x: torch.fill(x, 0.5) + x,
    "fake quantisation": lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 3, 0, 15),
}  # fmt: skip
MOVING = {
    "broadcast_to": lambda x: x + torch.broadcast_to(torch.tensor(0.5), x.shape),
    "broadcast_to of the value": lambda x: torch.broadcast_to(x[:, None], (len(x), 3, x.shape[1])).sum(1),
    "broadcast_tensors": lambda x: sum(torch.broadcast_tensors(x, x[:, None].mean(1, keepdim=True)[:, 0])),
    "squeeze of several": lambda x: x[:, None, :, None].squeeze((1, 3)),
    "squeeze in place": lambda x: (x + 0).unsqueeze_(1).squeeze_(1),
    "transposes in place": lambda x: (x + 0).t_().sin().t_(),
    "index_select": lambda x: torch.stack([x, 2 * x], 1).index_select(1, torch.tensor([1, 1, 0])).sum(1),
    "take_along_dim": lambda x: torch.stack([x, 2 * x], 1).take_along_dim(torch.tensor([[[1]]]), 1)[:, 0],
    "gather": lambda x: torch.stack([x, 2 * x], 1).gather(1, (x > 0.5).long()[:, None])[:, 0],
    "topk": lambda x: torch.stack([x, 2 * x, 1 - x], 1).topk(2, dim=1)[0].sum(1),
    "sort": lambda x: torch.stack([x, 1 - x], 1).sort(dim=1)[0][:, 0],
    "argsort": lambda x: torch.stack([x, 1 - x], 1).argsort(dim=1)[:, 0].to(x),
    "norm": lambda x: torch.stack([x, 1 - x], 1).norm(dim=1),
    "nansum": lambda x: torch.stack([x, 1 - x / 2], 1).nansum(1),
    "count_nonzero": lambda x: torch.stack([x > 0.5, x > 0.6], 1).count_nonzero(1).to(x),
    "aminmax": lambda x: sum(torch.stack([x, 1 - x / 2], 1).aminmax(dim=1)),
    "tensor_split": lambda x: sum(torch.stack([x, 1 - x / 2], 1).tensor_split(2, 1))[:, 0],
    "unfold": lambda x: torch.stack([x, 1 - x, 2 * x], 1).unfold(1, 2, 1).amax((1, 3)),
}


class Between(nn.Module):
    """Two layers and an operation between them, on numbers from 0 to 1."""

    def __init__(self, operation):
        super().__init__()
        self.operation, self.a, self.out = operation, nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.operation(torch.sigmoid(self.a(x))).to(x))


@pytest.mark.parametrize("name", [*ELEMENTWISE, *MOVING])
@pytest.mark.parametrize("kept", [[4], [0, 2, 5], [0, 1, 2, 4, 5]], ids=len)
def test_an_operation_on_each_channel_leaves_the_others_as_they_were(name, kept):
    torch.manual_seed(0)
    operation = {**ELEMENTWISE, **MOVING}[name]
    net, x = Between(operation).double(), torch.randn(3, 4, dtype=torch.double)
    structure = structure_of(net, x)
    group = structure.group("a")
    assert (group.units, group.protected, structure.unknown_ops) == (6, None, ())
    with torch.no_grad():
        wanted = operation(torch.sigmoid(net.a(x))).to(x)[:, kept] @ net.out.weight[:, kept].T + net.out.bias
        answer = shrink(net, structure, {"a": kept})(x)
        torch.testing.assert_close(answer, wanted, rtol=0, atol=1e-12, equal_nan=True)


def test_windows_of_an_image_become_channels_and_back():
    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.mix, self.out = nn.Conv2d(2, 3, 1), nn.Conv1d(12, 8, 1), nn.Conv2d(2, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            rows = self.mix(F.unfold(self.a(x), 2, stride=2))
            return self.out(F.fold(torch.relu(rows), (4, 4), 2, stride=2))

    net, x = Windows().double(), torch.randn(2, 2, 4, 4, dtype=torch.double)
    structure = structure_of(net, x)
    assert [(group.name, group.units) for group in structure.prunable] == [("a", 3), ("mix", 2)]
    answer = shrink(net, structure, {"a": [0, 2], "mix": [1]})(x)
    with torch.no_grad():
        columns = [0, 1, 2, 3, 8, 9, 10, 11]
        rows = F.conv1d(F.unfold(net.a(x)[:, [0, 2]], 2, stride=2), net.mix.weight[4:, columns], net.mix.bias[4:])
        wanted = F.conv2d(F.fold(torch.relu(rows), (4, 4), 2, stride=2), net.out.weight[:, 1:], net.out.bias)
    torch.testing.assert_close(answer, wanted, rtol=0, atol=1e-12)


class Reads(nn.Module):
    """Takes a size from a buffer; with a count, the buffer is another one in each pass."""

    def __init__(self, change=None):
        super().__init__()
        self.change, self.a, self.out = change, nn.Linear(4, 6), nn.Linear(6, 3)
        self.register_buffer("shape", torch.tensor([-1, 6]))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.a(x)).reshape(self.shape.tolist())
        if self.change:
            self.change(self)
        return self.out(h)


def test_a_size_read_from_a_buffer_is_a_constant():
    structure = structure_of(Reads(), torch.randn(2, 4))
    assert structure.group("a").graph_only
    assert structure.notes == ()


def rewritten(net: Reads) -> None:
    net.shape = net.shape + 0


@pytest.mark.parametrize("change", [rewritten, lambda net: net.shape.add_(0), lambda net: net.shape[1:].fill_(6)])
def test_a_buffer_that_the_pass_changes_is_none(change):
    structure = structure_of(Reads(change), torch.randn(2, 4))
    assert "reads a value" in structure.group("a").protected
    assert "reads a value (Tensor.tolist)" in structure.notes[0]


def test_clip_and_clamp_have_the_same_groups():
    def net(limit):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.fc = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(8, 3)

            def forward(self, x: Tensor) -> Tensor:
                return self.fc(limit(self.b(limit(self.a(x), 0, 6)), 0, 6).mean((2, 3)))

        return structure_of(Net(), torch.randn(2, 1, 8, 8)).groups

    assert net(torch.clip) == net(torch.clamp)
    assert net(torch.clip)[0].protected is None


def test_what_is_computed_of_several_groups_and_not_read_is_tried_with_each_alone():
    """Their distances run where both lose the same, and bind nothing that the analysis knows."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(12, 3)

        def forward(self, x: Tensor) -> Tensor:
            one, other = self.a(x), self.b(x)
            torch.cdist(one, other)
            return self.out(torch.cat([one, other], 1))

    groups = structure_of(Net(), torch.randn(2, 4)).groups
    assert [(group.name, group.protected is None) for group in groups] == [("a", False), ("b", False), ("out", False)]
    assert "the same number of columns" in groups[0].protected
