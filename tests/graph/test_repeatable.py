"""What is found of a network depends on the network alone: not on the order of sets, nor on what memory held before."""

import os
import subprocess
import sys

import pytest

ASK = """
import torch
torch.utils.deterministic.fill_uninitialized_memory = {poison}
torch.use_deterministic_algorithms({poison}, warn_only=True)
from prunekit.graph import structure_of
from tests.graph.test_heavy import LIMIT, SPELLINGS
from tests.nets import NETS, example, make
for limit in (LIMIT.HEAVY, 0):
    LIMIT.HEAVY = limit
    for name in SPELLINGS:
        torch.manual_seed(1)
        inputs = example(name) if name in NETS else torch.zeros(4, 8, 3) if name == "windows" else torch.zeros(4, 5)
        found = structure_of(SPELLINGS[name]().eval(), inputs)
        print(name, found.groups, found.layers, found.blocks, found.links, found.unknown_ops, found.notes)
"""


@pytest.mark.more  # two processes import torch
def test_groups_and_reasons_are_the_same_in_every_run():
    said = []
    for seed, poison in (("1", False), ("77", True)):
        ask = [sys.executable, "-W", "ignore", "-c", ASK.format(poison=poison)]
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        said.append(subprocess.run(ask, env=env, capture_output=True, text=True, check=True).stdout)
    assert said[0].count("Group(") > 40
    assert said[0] == said[1]
