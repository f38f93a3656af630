"""The battery: every network has the groups of its table, and every cut of it is exact."""

import copy

import pytest
import torch
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode

from prunekit.graph import fit_shapes, named_tensors, shrink
from prunekit.graph.proof import Prover
from prunekit.graph.rewrite import GraphNetwork
from prunekit.recipe import kept_units
from prunekit.records.proof import EXACT
from tests.graph.battery import (  # noqa: F401 - each enters its networks
    attention,
    convolutional,
    decoders,
    decoding,
    encoder_decoder,
    gpt,
    grouped,
    heads,
    joined,
    own_code,
    position_bias,
    recurrent,
    resolution,
    sequence,
)
from tests.graph.battery.case import CASES, expected, found
from tests.graph.test_shrink import ignoring
from tests.untouched import untouched

pytestmark = pytest.mark.slow  # as a whole

READS_VALUES = {
    "Branching",
    "ConvertedShapes",
    "Packed",
    "PackedByLengths",
    "ScaledByItsLargest",
    "ShiftedByLists",
    "ThroughNumpy",
}
"""Networks whose forward pass reads values, which tensors on ``meta`` have not."""
READ_ELSEWHERE = {"TiedEmbedding", "Language", "Qwen2", "T5", "SelfAttention", "Products"}
"""Networks that read channels elsewhere than in a weight of their own: zeroing weights is no reference for them."""


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def model(case):
    return case.model()


@pytest.fixture(scope="module")
def prover(case, model):
    return Prover(model, case.inputs())


@pytest.fixture(scope="module")
def structure(prover):
    return prover.structure


def run(network, inputs):
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    with torch.no_grad():
        return [leaf for leaf in pytree.tree_leaves(network(*given)) if isinstance(leaf, torch.Tensor)]


def everywhere(prover, seed, round_to=1):
    """Cut all groups at once, to half of their units or as many as a multiple allows."""
    return {
        group.name: prover.choose(group, seed + i, kept_units(group.units, 0.5, round_to))
        for i, group in enumerate(prover.structure.prunable)
    }


def test_the_groups_are_those_of_the_table(case, model, structure):
    assert {group.name: found(group) for group in structure.groups} == expected(case, model)


def test_each_group_alone_is_exact(prover, structure):
    errors = {
        (group.name, seed): prover.error({group.name: prover.choose(group, seed)})
        for group in structure.prunable
        for seed in range(2)
    }
    assert {key: error for key, error in errors.items() if error > EXACT} == {}


@pytest.mark.parametrize("keep", [lambda units: units - 1, lambda units: 1], ids=["one less", "one left"])
def test_each_group_alone_is_exact_at_both_ends(prover, structure, keep):
    groups = [group for group in structure.prunable if group.units > 1]
    errors = {group.name: prover.error({group.name: prover.choose(group, 5, keep(group.units))}) for group in groups}
    assert {name: error for name, error in errors.items() if error > EXACT} == {}


@pytest.mark.parametrize("round_to", [1, 4])
def test_all_groups_together_are_exact(case, prover, round_to):
    kept = everywhere(prover, 7, round_to)
    assert prover.error(kept) <= EXACT
    if round_to > 1:
        units = {group.name: group.units for group in prover.structure.prunable}
        assert all(len(kept[name]) % round_to == 0 or len(kept[name]) == units[name] for name in kept)


def test_the_networks_own_forward_pass_agrees_where_weights_alone_read_channels(case, model, prover, structure):
    """A second reference that knows no graph: the dense class with the columns of the channels zeroed."""
    inputs = case.inputs()
    kept = {name: units for name, units in everywhere(prover, 3).items() if not structure.group(name).statistics}
    if case.name in READ_ELSEWHERE or not kept:
        pytest.skip("no weight reads the channels alone")
    for given, wanted in zip(
        run(shrink(model, structure, kept), inputs), run(ignoring(model, structure, kept), inputs), strict=True
    ):
        torch.testing.assert_close(given, wanted, rtol=1e-9, atol=1e-9)


def test_counts_are_those_of_the_smaller_network(case, model, prover, structure):
    for seed in range(2):
        kept = everywhere(prover, seed)
        small = shrink(model, structure, kept)
        cost = structure.cost({group: len(units) for group, units in kept.items()})
        assert cost.params == sum(parameter.numel() for parameter in small.parameters())
        assert cost.bytes == sum(tensor.nbytes for tensor in _stored(small))
        assert cost.macs == macs(small, case.inputs(1))


def test_a_fresh_network_takes_the_smaller_state(case, model, prover, structure):
    """Strictly: every name and shape. Its class answers the same where it can run in these sizes."""
    kept = everywhere(prover, 1)
    small = shrink(model, structure, kept)
    state = small.state_dict()
    fresh = case.model(seed=5)
    fit_shapes(fresh, {name: tuple(tensor.shape) for name, tensor in state.items()})
    fresh.load_state_dict(state, strict=True)
    assert isinstance(small, GraphNetwork) == structure.needs_graph(kept)
    if isinstance(small, GraphNetwork):
        again = shrink(model, structure, kept)
        again.load_state_dict(fresh.state_dict(), strict=True)
        fresh = again
    assert all(torch.equal(a, b) for a, b in zip(run(fresh, case.inputs()), run(small, case.inputs()), strict=True))


def test_shared_weights_stay_shared_and_the_network_is_not_touched(case, prover, structure):
    model = case.model()
    with untouched(model):
        small = shrink(model, structure, everywhere(prover, 2))
        names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
        assert [name for name, _ in small.named_parameters(remove_duplicate=False)] == names
        assert [name for name, _ in named_tensors(small)] == [name for name, _ in named_tensors(model)]
        run(small, case.inputs())
    assert not {id(tensor) for tensor in small.parameters()} & {id(tensor) for tensor in model.parameters()}


def _stored(network: nn.Module) -> list[torch.Tensor]:
    return list({id(tensor): tensor for tensor in network.state_dict(keep_vars=True).values()}.values())


def macs(network, inputs):
    if type(network).__name__ not in READS_VALUES:
        network = copy.deepcopy(network).to("meta")
        inputs = pytree.tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), inputs)
    with FlopCounterMode(display=False) as counter:
        run(network, inputs)
    return counter.get_total_flops() / 2
