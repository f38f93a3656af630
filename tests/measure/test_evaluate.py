import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.errors import TaskError
from prunekit.measure.evaluate import divergence, evaluate, logits
from prunekit.objectives.intervals import wilson
from prunekit.records import Status
from prunekit.tasks.task import Split
from tests import nets, samples
from tests.untouched import Raising, untouched

# A network that passes its input on: the inputs are the logits.
GIVEN = Split(torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 1.0], [0.0, 0.5]]), torch.tensor([0, 1, 1, 1]))


def test_a_reading_by_hand():
    (reading,) = evaluate(nn.Identity(), GIVEN, name="test", recipe="abc", recalibrated=True, value_raw=0.5)
    losses = [math.log1p(math.exp(-gap)) for gap in (2.0, 1.0, -2.0, 0.5)]
    assert (reading.value, reading.correct, reading.n) == (0.75, 3, 4)
    assert reading.interval == wilson(3, 4)
    assert reading.loss == pytest.approx(sum(losses) / 4)
    assert reading.per_class == pytest.approx((1.0, 2 / 3))
    assert (reading.split, reading.recipe, reading.status) == ("test", "abc", Status.MEASURED)
    assert (reading.recalibrated, reading.value_raw, reading.kl) == (True, 0.5, None)


def test_kl_by_hand():
    # p = (.5, .5), q = (.8, .2): .5·ln(.5/.8) + .5·ln(.5/.2)
    dense, pruned = torch.zeros(1, 2), torch.tensor([[0.8, 0.2]]).log()
    assert divergence(dense, pruned) == pytest.approx(0.5 * math.log(0.5 / 0.8) + 0.5 * math.log(0.5 / 0.2))
    assert divergence(pruned, pruned) == 0.0


def test_readings_grow_and_the_last_is_the_whole_split():
    net, split = nets.make("plain"), samples.split(720)
    readings = list(evaluate(net, split, dense_logits=logits(net, split)))
    assert [reading.n for reading in readings] == [100, 350, 600, 720]
    outputs = net(split.inputs)
    last = readings[-1]
    assert last.correct == int((outputs.argmax(1) == split.targets).sum())
    assert last.loss == pytest.approx(F.cross_entropy(outputs, split.targets).item(), rel=1e-5)
    assert last.kl == pytest.approx(0, abs=1e-9)
    first = list(evaluate(net, split.head(100)))
    assert len(first) == 1
    assert (first[0].correct, first[0].per_class) == (readings[0].correct, readings[0].per_class)


def test_kl_is_that_of_torch():
    net, other, split = nets.make("plain"), nets.make("plain", seed=1), samples.split(120)
    *_, reading = evaluate(other, split, dense_logits=logits(net, split))
    p, q = net(split.inputs).softmax(1), other(split.inputs).softmax(1)
    assert reading.kl == pytest.approx((p * (p / q).log()).sum(1).mean().item(), rel=1e-4)


def test_the_network_is_untouched_between_and_after_readings():
    net = nets.make("plain").train()
    net.bn1.eval()
    with untouched(net):
        readings = evaluate(net, samples.split(300))
        with untouched(net):
            next(readings)
        readings.close()


def test_the_network_is_untouched_by_a_forward_that_raises():
    net = Raising(nets.make("plain")).train()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        next(evaluate(net, samples.split(8)))


def test_an_empty_split_is_refused():
    with pytest.raises(TaskError, match="the test split has no samples"):
        next(evaluate(nn.Identity(), Split(GIVEN.inputs[:0], GIVEN.targets[:0]), name="test"))


def test_an_unknown_metric_is_refused():
    with pytest.raises(TaskError, match="Unknown metric"):
        next(evaluate(nn.Identity(), GIVEN, "f1"))
