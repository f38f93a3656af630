"""The smaller network is trained by a plain loop, which knows nothing of the desk, and comes back."""

import pytest
import torch
from torch.nn import functional as F

from prunekit.errors import CheckpointError
from prunekit.recipe import Recipe
from tests.samples import pair

CUT = Recipe(channels={"conv1": 0.5, "stem": 0.34})


def trained(model, masks=None):
    """Train for an epoch as people do."""
    x, y = pair(128, 2)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    model.train()
    for rows in torch.arange(128).split(16):
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
        with torch.no_grad():
            for name, mask in (masks or {}).items():
                model.get_parameter(name).mul_(mask)
    return model


def right(model) -> int:
    x, y = pair(60, 1)
    model.eval()
    with torch.no_grad():
        return int((model(x).argmax(1) == y).sum())


def test_a_loop_of_ones_own_comes_back_to_the_last_sample(desk):
    small = trained(desk.prune(CUT).model)
    before = desk.evaluate(CUT).reading.correct
    run = desk.adopt(small, recipe=CUT, note="my loop")
    assert run.evaluation.reading.correct == run.record.readings[-1].correct == right(small) != before
    assert [(past.id, past.record.label) for past in desk.history()] == [(run.id, "my loop")]
    assert right(run.model) == right(small)
    deeper = desk.prune({**run.recipe.to_json(), "channels": {"conv1": 0.75, "stem": 0.34}}).model
    assert deeper.conv1.out_channels == 2  # of 8


def test_masks_keep_zeros_zero(desk):
    recipe = Recipe(weights={"conv1": 0.5})
    masks = desk.masks(recipe)
    run = desk.adopt(trained(desk.prune(recipe).model, masks), recipe=recipe)
    assert [int(mask.sum()) for mask in masks.values()] == [6 * 8 * 9 // 2]
    assert run.evaluation.nonzero == run.evaluation.cost.params - 6 * 8 * 9 // 2
    with pytest.raises(CheckpointError, match="not zero any more"):
        desk.adopt(trained(desk.prune(recipe).model), recipe=recipe)


def test_another_network_does_not_come_back(desk):
    with pytest.raises(CheckpointError):
        desk.adopt(desk.prune({"channels": {"conv1": 0.25}}).model, recipe=CUT)
    assert desk.history() == []
