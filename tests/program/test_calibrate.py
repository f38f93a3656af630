import pytest
import torch

from prunekit.graph import shrink, structure_of
from prunekit.program.cuts import Cut
from prunekit.program.forward import run
from prunekit.program.trust import program_of
from prunekit.recover.recalibrate import recalibrate
from prunekit.tasks.task import Split
from tests import nets

TRAIN = Split(nets.example("plain", 60, seed=7), torch.zeros(60, dtype=torch.long))


@pytest.fixture(params=["plain", "residual", "depthwise"])
def made(request):
    net = recalibrate(nets.make(request.param).double(), double(TRAIN))
    x = nets.example(request.param, 6).double()
    structure = structure_of(net, x[:2])
    return net, structure, program_of(net, structure, x), x


def double(split):
    return Split(split.inputs.double(), split.targets)


def cuts(net, structure, program):
    """Yield cuts with the network that each leaves."""
    for group in structure.prunable:
        kept = {group.name: tuple(range(1, group.units))}
        yield program.channels(kept), shrink(net, structure, kept)
    first = structure.layers[0]
    weight = net.get_submodule(first.name).weight.detach() / 3
    whole = shrink(net, structure, {})
    whole.get_submodule(first.name).weight.data.copy_(weight)
    yield Cut({first.weight: weight}), whole


def test_a_calibrated_suffix_is_the_recalibrated_network(made):
    net, structure, program, x = made
    batch, calibrator = program.dense(x), program.calibrator(TRAIN.inputs.double())
    for cut, whole in cuts(net, structure, program):
        found = program.suffix(batch, program.calibrated(cut, calibrator))
        assert torch.allclose(found, run(recalibrate(whole, double(TRAIN)), x), atol=1e-9)


def test_paired_on_all_samples_is_the_same_and_on_few_is_near(made):
    net, structure, program, x = made
    batch = program.dense(x)
    whole, few = (program.calibrator(TRAIN.inputs[:n].double(), paired=True) for n in (60, 20))
    paired = alone = 0.0
    for cut, left in cuts(net, structure, program):
        expected = run(recalibrate(left, double(TRAIN)), x)
        assert torch.allclose(program.suffix(batch, program.calibrated(cut, whole)), expected, atol=1e-9)
        near = program.suffix(batch, program.calibrated(cut, few))
        paired += float((near - expected).norm())
        alone += float((run(recalibrate(left, double(TRAIN), limit=20), x) - expected).norm())
    assert paired < alone


def test_where_nothing_changes_few_samples_say_so(made):
    _, structure, program, x = made
    batch, few = program.dense(x), program.calibrator(TRAIN.inputs[:5].double(), paired=True)
    first = structure.layers[0].weight
    same = Cut({first: program.state[first].clone()})
    found = program.suffix(batch, program.calibrated(same, few))
    assert torch.allclose(found, batch.logits, atol=1e-12)
