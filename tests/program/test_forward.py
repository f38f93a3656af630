import pytest
import torch
from torch import nn

from prunekit.errors import TaskError
from prunekit.program.forward import answer, at_rest, run
from tests import nets, samples
from tests.untouched import Raising, untouched


def test_dropout_is_off_and_modes_come_back_module_by_module():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(108, 4), nn.Dropout(0.5)).train()
    net[3].eval()
    inputs = samples.split(3).inputs
    with untouched(net):
        assert torch.equal(run(net, inputs), run(net, inputs))


def test_modes_and_random_come_back_after_a_forward_that_raises():
    net = Raising(nets.make("plain")).train()
    net.inner.bn1.eval()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        run(net, samples.split(3).inputs)


def test_the_block_itself_runs_without_gradients():
    net = nets.make("linear")
    with at_rest(net):
        assert not net(torch.ones(1, 6)).requires_grad
    assert net(torch.ones(1, 6)).requires_grad


class Pair(nn.Module):
    def forward(self, x):
        return x, x


@pytest.mark.parametrize(("net", "given"), [(nn.Flatten(0), r"\(324,\)"), (Pair(), "tuple")])
def test_anything_but_logits_is_refused(net, given):
    with pytest.raises(TaskError, match=rf"logits shaped \(batch, classes, …\), but returned {given}"):
        run(net, samples.split(3).inputs)


def test_code_that_views_memory_gets_images_in_their_own_order():
    class Viewed(nn.Module):
        def forward(self, x):
            return (2 * x).view(len(x), -1)

    images = torch.randn(2, 3, 4, 4)
    assert torch.equal(answer(Viewed(), images), (2 * images).flatten(1))
    with pytest.raises(RuntimeError, match="unflatten"):
        answer(nn.Unflatten(1, (4, 7)), images)
