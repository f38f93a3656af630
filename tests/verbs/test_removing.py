import pytest
import torch

from prunekit import verbs
from prunekit.recipe import Recipe


def test_each_block_is_measured_alone_once_and_stored(opened):
    (before,) = verbs.known_removals(opened)
    assert before.reading is None
    # conv1 and conv2 of all layers: 8·6·9 + 6·8·9 of these + stem 6·3·9, each on 36 positions, + 24
    assert before.macs == pytest.approx(864 * 36 / ((864 + 162) * 36 + 24))
    (found,) = verbs.scan_blocks(opened)
    alone = verbs.last(verbs.evaluate(opened, Recipe(blocks=(found.block.name,)), quick=False)).reading
    dense = verbs.last(verbs.evaluate(opened, Recipe())).reading
    assert found.reading.correct == alone.correct
    assert found.drop == pytest.approx(alone.value - dense.value)
    assert list(verbs.scan_blocks(opened)) == list(verbs.known_removals(opened))


def test_influence_is_one_minus_the_cosine_of_input_and_output(opened):
    net = opened.task.model
    with torch.no_grad():
        x = torch.relu(net.bn0(net.stem(opened.task.data.validation.inputs)))
        y = net.bn2(net.conv2(torch.relu(net.bn1(net.conv1(x)))))
    cosine = torch.nn.functional.cosine_similarity(x.flatten(1), (x + y).flatten(1)).mean()
    (found,) = verbs.known_removals(opened)
    assert found.influence == pytest.approx(1 - float(cosine), abs=1e-5)
