import pytest
import torch

from prunekit.program.outputs import Outputs
from tests import nets, samples
from tests.untouched import untouched


def test_the_batches_are_the_same_whoever_asks_first():
    net, split = nets.make("plain"), samples.split(620)
    whole = Outputs(net, split)[:]
    steps = Outputs(net, split)
    parts = [steps[:n] for n in (1, 350, 100, 620)]
    assert [len(part) for part in parts] == [1, 350, 100, 620]
    assert all(torch.equal(part, whole[: len(part)]) for part in parts)
    torch.testing.assert_close(whole, net(split.inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("asked", "known"), [(0, 0), (1, 100), (100, 100), (101, 350), (400, 600), (620, 620)])
def test_no_more_is_computed_than_the_batch_that_was_asked_for(asked, known):
    net = nets.make("plain").train()
    outputs = Outputs(net, samples.split(620))
    with untouched(net):
        assert len(outputs[:asked]) == asked
    assert outputs.known == known
