import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.recover.recalibrate import recalibrate
from prunekit.tasks.program import open_program
from tests import nets, samples
from tests.untouched import Raising, untouched


def test_statistics_are_those_of_the_samples():
    net, split = nn.Sequential(nn.BatchNorm2d(3)).eval(), samples.split(200)
    found = recalibrate(net, split)[0]
    by_channel = split.inputs.transpose(0, 1).flatten(1)
    torch.testing.assert_close(found.running_mean, by_channel.mean(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.running_var, by_channel.var(1), rtol=1e-4, atol=1e-5)


def test_several_batches_are_averaged():
    net, split = nn.Sequential(nn.BatchNorm2d(3)).eval(), samples.split(500)
    found = recalibrate(net, split, limit=None)[0]
    halves = split.inputs.transpose(0, 1).unflatten(1, (2, 250)).flatten(2)
    torch.testing.assert_close(found.running_mean, halves.mean((1, 2)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.running_var, halves.var(2).mean(1), rtol=1e-4, atol=1e-5)


def test_the_copy_outputs_what_batch_statistics_would():
    net, split = nets.make("plain"), samples.split(250)
    twin = nets.make("plain").train()
    recalibrated = recalibrate(net, split)
    with torch.no_grad():
        torch.testing.assert_close(recalibrated(split.inputs), twin(split.inputs), rtol=1e-2, atol=1e-2)
    assert not recalibrated.training
    assert recalibrated.bn1.momentum == 0.1


def test_the_network_is_untouched():
    net = nets.make("plain").train()
    net.bn1.eval()
    with untouched(net):
        twin = recalibrate(net, samples.split(32))
    assert twin.training
    assert not twin.bn1.training


def test_dropout_stays_off():
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(3)).train()
    once, again = (recalibrate(net, samples.split(32))[1].running_var for _ in range(2))
    assert torch.equal(once, again)


def test_without_batchnorm_nothing_runs():
    net = Raising(nets.make("linear"))
    del net.bn
    assert recalibrate(net, samples.split(4)) is not net


def test_the_network_is_untouched_by_a_forward_that_raises():
    net = Raising(nets.make("plain")).train()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        recalibrate(net, samples.split(4))


def test_a_single_sample_left_over_is_no_batch():
    net, split = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(108)).eval(), samples.split(251)
    found, without = (recalibrate(net, some, limit=None)[1] for some in (split, split.head(250)))
    assert torch.equal(found.running_var, without.running_var)


class Functional(nn.Module):
    """BatchNorm as a function on buffers, beside other buffers that are no statistics."""

    def __init__(self, norm):
        super().__init__()
        self.register_buffer("table", torch.ones(3, 1, 1))
        for name in ("running_mean", "running_var", "weight", "bias"):
            self.register_buffer(f"the_{name}", getattr(norm, name).detach().clone())

    def forward(self, x):
        norm = self.the_running_mean, self.the_running_var.detach(), self.the_weight, self.the_bias
        return F.batch_norm(x * self.table, *norm, False, 0.1, 1e-5)


def exported(net, folder):
    sizes = ({0: torch.export.Dim("n", min=1)},)
    program = torch.export.export(net, (torch.zeros(2, 3, 6, 6),), dynamic_shapes=sizes)
    torch.export.save(program, folder / "net.pt2")
    return open_program(folder / "net.pt2")


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch.export's own
@pytest.mark.parametrize("limit", [200, None])
def test_statistics_of_whatever_normalises_are_those_of_the_module(limit, tmp_path):
    module, split = nn.Sequential(nn.BatchNorm2d(3)).eval(), samples.split(500)
    wanted = copy.deepcopy(module).train()
    wanted[0].momentum = None
    inputs = split.head(limit).inputs
    with torch.no_grad():
        for start in range(0, len(inputs), 250):
            wanted(inputs[start : start + 250])
    ways = {
        "module": (module, "0.running_{}"),
        "function": (nn.Sequential(Functional(module[0])).eval(), "0.the_running_{}"),
        "program": (exported(module, tmp_path), "0.running_{}"),
    }
    for net, name in ways.values():
        found = dict(recalibrate(net, split, limit).named_buffers())
        for statistic in ("mean", "var"):
            torch.testing.assert_close(
                found[name.format(statistic)], getattr(wanted[0], f"running_{statistic}"), rtol=1e-5, atol=1e-6
            )


def test_what_takes_statistics_of_the_batch_anyway_has_none_to_estimate():
    net = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.InstanceNorm2d(3, track_running_stats=True))
    before = net[1].running_var.clone()
    assert torch.equal(recalibrate(net.eval(), samples.split(32))[1].running_var, before)
