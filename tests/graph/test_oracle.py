"""Another library as a witness: whatever torch-pruning cuts exactly can be cut here too."""

import pytest

from prunekit.graph import structure_of
from tests.graph.battery.case import CASES
from tests.graph.peer import cut_by_peer, outputs_of
from tests.graph.test_battery import attention  # noqa: F401 - its imports enter the networks

pytest.importorskip("torch_pruning")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_dimension_that_torch_pruning_cuts_exactly_is_missing(case):
    groups = structure_of(case.model(), case.inputs()).groups
    ours = {member for group in groups if group.protected is None for member in group.members}
    theirs = cut_by_peer(case, outputs_of(groups)).exact
    missing = {f"{member.tensor}:{member.dim}" for cut in theirs for member in cut - ours}
    assert missing == EXPLAINED.get(case.name, set())


EXPLAINED = {
    "WithoutRule": {"a.weight:0", "a.bias:0", "b.weight:1"},
    "ScaledByItsLargest": {"a.weight:0", "a.bias:0", "b.weight:0", "b.bias:0", "b.weight:1", "c.weight:1"},
}
"""What the tables protect all the same: a running sum over channels has no rule here, and where a number that was
read out of the pass goes on, nobody sees."""
