"""A network of one's own class, opened as it stands, whatever a recipe asks of it."""

from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.export.formats import FORMATS
from prunekit.recipe import Recipe
from prunekit.subject.blocks import blocks_of
from tests import nets
from tests.export.conftest import load_of, standing


@pytest.mark.parametrize(
    ("recipe", "has"),
    [
        (Recipe(blocks=("the only one",)), '"replaced"'),
        (Recipe(bits={"conv1": 4}, channels={"conv1": 0.5}), "torch.arange"),
        (Recipe(bits={"conv1": 8}, activation_bits=8), "register_forward_pre_hook"),
    ],
)
def test_blocks_bits_and_rounded_inputs_are_proven_again_by_whoever_has_the_network(tmp_path, recipe, has, opened):
    opened = replace(opened, task=standing(opened.task))
    if recipe.blocks:
        recipe = replace(recipe, blocks=(blocks_of(opened)[0].name,))
    verbs.last(verbs.export(opened, recipe, tmp_path / "out"))
    assert has in (tmp_path / "out" / "load_tiny.py").read_text()
    verdict = verbs.verify(tmp_path / "out", opened)
    assert verdict.ok
    assert all("which this process cannot import" not in check.detail for check in verdict.checks)
    inputs = opened.task.data.validation.inputs
    program = FORMATS["pt2"].load(tmp_path / "out" / "tiny.pt2")
    with torch.no_grad():
        filled = load_of(tmp_path / "out")(nets.Residual())(inputs)
        assert float((filled - program(inputs)).abs().max()) < 1e-2
