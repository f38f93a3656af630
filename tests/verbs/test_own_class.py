"""A network of one's own class, opened as it stands, whatever a recipe asks of it."""

from dataclasses import replace

import torch

from prunekit import verbs
from prunekit.export.formats import FORMATS
from prunekit.export.measured import blank_network
from prunekit.export.verify import proofs
from prunekit.recipe import Recipe
from prunekit.subject.blocks import blocks_of
from tests import nets
from tests.export.conftest import load_of, standing


def test_blocks_bits_and_rounded_inputs_are_proven_again_by_whoever_has_the_network(tmp_path, opened):
    opened = replace(opened, task=standing(opened.task))
    written = {
        '"replaced"': Recipe(blocks=(blocks_of(opened)[0].name,)),
        "torch.arange": Recipe(bits={"conv1": 4}, channels={"conv1": 0.5}),
        "register_forward_pre_hook": Recipe(bits={"conv1": 8}, activation_bits=8),
    }
    folders = [tmp_path / recipe.digest for recipe in written.values()]
    inputs = opened.task.data.validation.inputs
    for folder, (has, recipe) in zip(folders, written.items(), strict=True):
        verbs.last(verbs.export(opened, recipe, folder))
        assert has in (folder / "load_tiny.py").read_text()
        program = FORMATS["pt2"].load(folder / "tiny.pt2")
        with torch.no_grad():
            filled = load_of(folder)(nets.Residual())(inputs)
            assert float((filled - program(inputs)).abs().max()) < 1e-2
    again = list(proofs(folders, [opened.task.data.validation], blank_network(opened.task)))
    assert {proof.path for proof in again} == set(folders)
    assert all(proof.check.ok for proof in again)
    assert all("which this process cannot import" not in proof.check.detail for proof in again)
