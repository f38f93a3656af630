import pytest
import torch
from torch import nn

from prunekit.errors import TaskError
from prunekit.tasks.own_network import made


def _net():
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3))


class NoEval(nn.Linear):
    def eval(self):
        raise NotImplementedError("no eval")


class OwnState(nn.Linear):
    def get_extra_state(self):
        return {"epoch": 3}


class Sparse(nn.Linear):
    def __init__(self):
        super().__init__(4, 3)
        self.register_buffer("mask", torch.eye(3).to_sparse())


class OptimizedModule(nn.Module):
    """Named as what torch.compile makes, which takes seconds."""


def _exits(*_):
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (_exits, "The factory nets.py:f raised SystemExit: 3"),
        (
            lambda: nn.DataParallel(_net()),
            "network inside of DataParallel; give the one inside, which is its .module",
        ),
        (lambda: nn.Sequential(nn.DataParallel(_net())), "inside of DataParallel at 0; give"),
        (OptimizedModule, "inside of OptimizedModule; give the one inside, which is its ._orig_mod"),
        (lambda: nn.Linear(4, 3, device="meta"), "weight and bias on the device 'meta'; give it on the CPU"),
        (Sparse, "whose mask is no dense tensor; make it one"),
        (lambda: OwnState(4, 3), "state holds _extra_state, which is no plain tensor; if it was quantised"),
        (lambda: NoEval(4, 3), r"network's eval\(\) raised NotImplementedError: no eval; it is measured in eval mode"),
    ],
)
def test_networks_that_cannot_be_cut(factory, message):
    with pytest.raises(TaskError, match=message) as raised:
        made(factory, "nets.py:f")
    assert "\n" not in str(raised.value)
