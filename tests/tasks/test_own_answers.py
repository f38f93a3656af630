import pytest
import torch
from torch import nn

from prunekit.errors import TaskError
from prunekit.tasks.own_answers import check_output, run
from prunekit.tasks.task import Data, Split

X = torch.linspace(-1, 1, 6 * 4).view(6, 1, 2, 2)


def _net():
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3))


class Changed(nn.Module):
    """A linear net whose logits go through a function."""

    def __init__(self, change):
        super().__init__()
        self.net, self.change = _net(), change

    def forward(self, x):
        return self.change(self.net(x))


class Listed(nn.Module):
    def __init__(self, used):
        super().__init__()
        self.net, self.used, self.extra = _net(), used, [nn.Linear(3, 3), nn.Linear(3, 3)]

    def forward(self, x):
        return self.extra[0](self.net(x)) if self.used else self.net(x)


class Gradients(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = _net()

    def forward(self, x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            y = self.net(x)
            (slope,) = torch.autograd.grad(y.sum(), x)
        return y + slope.mean()


def _exits(*_):
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (_net(), X[:, :, :1], r"cannot run on input of shape \(1, 1, 2\): RuntimeError: mat1 and mat2"),
        (Changed(_exits), X, "SystemExit: 3"),
        (_net().double(), X, "weights are torch.float64 and the samples torch.float32, so convert it"),
        (_net(), X.to(torch.int32), "samples are torch.int32, and as torch.float32 it can"),
        (nn.Embedding(9, 2), X[:, 0, 0].abs() * 8, "samples are torch.float32, and as torch.int64 it can"),
        (nn.Conv2d(3, 4, 1), torch.zeros(2, 5, 6, 3), r"with the last axis first, \(3, 5, 6\), it can"),
        (Changed(lambda y: y.bfloat16()), X, r"logits of torch.float32, not of torch.bfloat16; end it with .float\(\)"),
        (Changed(lambda y: y / 0 * 0), X, "answers NaN"),
    ],
)
def test_networks_that_do_not_answer(model, inputs, message):
    with pytest.raises(TaskError, match=message) as raised:
        run(model, inputs)
    assert "\n" not in str(raised.value)


ONE = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))


def _data(*targets):
    return Data(Split(X[: len(targets)], torch.tensor(targets)), None, None, tuple(map(str, range(max(targets) + 1))))


@pytest.mark.parametrize(
    ("model", "targets", "message"),
    [
        (Listed(used=True), (0, 1), "in a plain list, tuple or dictionary, extra, where PyTorch does not see"),
        (Gradients(), (0, 1), "computes gradients in its forward pass"),
        (_net(), (1, 3), r"targets go from 1 to 3, but the network's outputs are 3, .* from 0 to 2, .* with 4 outputs"),
        (_net(), (0, 255), "targets go from 0 to 255"),
        (ONE, (0, 1), r"one output, .* two classes, .* returns torch.cat\(\[torch.zeros_like\(z\), z\], 1\)"),
        (
            ONE,
            (0, 0),
            "one output, so none is the largest, and networks that answer with numbers instead of classes are",
        ),
    ],
)
def test_outputs_that_do_not_fit(model, targets, message):
    with pytest.raises(TaskError, match=message):
        check_output(model, _data(*targets), named=False)


@pytest.mark.parametrize("named", [False, True])
def test_what_a_network_of_one_output_is_told_to_return_is_taken(named):
    two = Changed(lambda z: torch.cat([torch.zeros_like(z[:, :1]), z[:, :1]], 1))
    assert check_output(two, _data(0, 1), named=named).classes == ("0", "1")
    with pytest.raises(TaskError, match="one output"):
        check_output(ONE, _data(0, 1), named=named)


def test_layers_beside_the_network_that_do_not_run_are_left_alone():
    model = Listed(used=False)
    assert check_output(model, _data(0, 1), named=False).classes == ("0", "1", "2")
    assert not model.extra[0]._forward_pre_hooks
