"""Networks of published structure, small: exact in every size, and analysed in as many passes whatever their depth."""

import importlib

import pytest
import torch

from prunekit.graph import structure_of
from prunekit.graph.proof import Prover
from prunekit.graph.reach import reach
from prunekit.records import EXACT
from tests.graph.battery.case import Case
from tests.published.coat import Coat
from tests.published.mobilevit import mobilevit
from tests.published.swin import CosineWindowAttention, Swin, WindowAttention
from tests.published.yolo import yolo_v10

TRIALS = importlib.import_module("prunekit.graph.trials")
STAGES = ((8, 2, 2), (16, 2, 4))

SMALL = {
    name: Case(name, factory, ((3, size, size),), 0, "")
    for name, factory, size in (
        ("Swin", lambda: Swin(WindowAttention, 2, STAGES), 16),
        ("SwinV2", lambda: Swin(CosineWindowAttention, 2, STAGES), 16),
        ("CoaT-lite", lambda: Coat(((16, 2, 4), (24, 2, 2))), 32),
        ("YOLOv10n", yolo_v10, 64),
        ("MobileViT-S", mobilevit, 64),
    )
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SMALL.values(), ids=SMALL)
def test_all_groups_together_are_exact_in_every_size(case):
    model = case.model()
    prover = Prover(model, case.inputs(2))
    groups = prover.structure.prunable
    assert all(group.protected or group.graph_only for group in prover.structure.groups if group.kind == "head")
    for stays in (lambda n: range(1, n), lambda n: range(0, n, 2), lambda n: range(1)):
        assert prover.error({group.name: stays(group.units) for group in groups}) <= EXACT
    assert sum(reach(prover.structure).values()) == sum(parameter.numel() for parameter in model.parameters())


def test_a_deeper_network_is_analysed_in_as_many_passes(monkeypatch):
    passes = []
    follow = TRIALS.follow
    monkeypatch.setattr(TRIALS, "follow", lambda *args: passes.append(args) or follow(*args))

    def count(depth):
        passes.clear()
        structure = structure_of(Swin(WindowAttention, 2, ((16, depth, 4), (32, depth, 4))), torch.randn(2, 3, 16, 16))
        heads = [group for group in structure.groups if group.kind == "head"]
        assert len(heads) == 2 * depth
        assert all(group.graph_only for group in heads)
        return len(passes)

    assert count(2) == count(4)
