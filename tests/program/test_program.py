from dataclasses import replace
from functools import cache

import pytest
import torch

from prunekit.graph import shrink, structure_of
from prunekit.program import program as module
from prunekit.program.agreement import close
from prunekit.program.cuts import Cut
from prunekit.program.forward import run
from prunekit.program.trust import program_of
from tests import nets
from tests.program import trap_nets
from tests.untouched import untouched

ALL = (*nets.NETS, *trap_nets.PLANNED)


def inputs(name, n=5):
    return nets.example(name if name == "linear" else "plain", n)


@cache
def made(name, double=False):
    net = nets.make(name) if isinstance(name, str) else trap_nets.make(name)
    net = net.double() if double else net
    x = inputs(name).double() if double else inputs(name)
    return net, structure_of(net, x[:2]), x


def replaced(net, x, tensors):
    with torch.no_grad():
        return torch.func.functional_call(net, tensors, (x,))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("backend", ["fused", "eager", "replay"])
def test_a_suffix_is_the_full_forward_with_any_tensor_replaced(name, backend):
    double = backend != "fused"
    net, structure, x = made(name, double)
    program = program_of(net, structure, x, [backend])
    assert (program.backend, program.refused) == (backend, {})
    batch = program.dense(x)
    tolerance = 1e-10 if double else 1e-4
    assert torch.allclose(batch.logits, run(net, x), atol=tolerance)
    for seed, (tensor, value) in enumerate(program.state.items()):
        if not value.is_floating_point():
            continue
        noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(seed), dtype=value.dtype) + 0.5
        other = {tensor: value * noise}
        found = program.suffix(batch, Cut(other))
        assert torch.allclose(found, replaced(net, x, other), atol=tolerance), tensor
    assert torch.allclose(program.dense(x[:3]).logits, batch.logits[:3], atol=tolerance)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("backend", ["fused", "eager", "replay"])
def test_samples_collected_from_batches_are_a_batch_of_them(name, backend):
    double = backend != "fused"
    net, structure, x = made(name, double)
    program = program_of(net, structure, x, [backend])
    some = program.rows([program.dense(x[:2]), program.dense(x[2:])], [1, 3, 4])
    tolerance = 1e-10 if double else 1e-4
    assert torch.allclose(some.logits, run(net, x[[1, 3, 4]]), atol=tolerance)
    for tensor in {layer.weight for layer in structure.layers}:
        other = {tensor: program.state[tensor] * 0.5}
        assert torch.allclose(program.suffix(some, Cut(other)), replaced(net, x[[1, 3, 4]], other), atol=tolerance)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("way", ["slice", "zero"])
@pytest.mark.parametrize("backend", ["fused", "eager"])
def test_a_channel_cut_is_the_really_smaller_network(name, way, backend):
    double = backend == "eager"
    net, structure, x = made(name, double)
    program = program_of(net, structure, x, [backend])
    batch = program.dense(x)
    for group in structure.prunable:
        if way == "zero" and group.statistics:
            continue
        for count in {1, group.units - 1}:
            kept = {group.name: tuple(range(group.units))[-count:]}
            cut = program.channels(kept)
            program.ways.work = lambda tried, _: tried != way  # the other way is the dearer one
            found = program.suffix(batch, cut)
            assert program.ways._trusted[way]
            expected = run(shrink(net, structure, kept), x)
            assert torch.allclose(found, expected, atol=1e-10 if double else 1e-4), group.name


def test_a_product_that_adds_its_bias_costs_what_its_weight_does():
    net, structure, x = made(trap_nets.Turned)
    program = program_of(net, structure, x)
    kept = {"conv1": (0, 2, 5)}
    found = program.suffix(program.dense(x), program.channels(kept))
    assert torch.allclose(found, run(shrink(net, structure, kept), x), atol=1e-5)


def test_zeroing_is_refused_where_a_normalisation_sees_the_channels():
    net, structure, x = made("attention")
    program = program_of(net, structure, x)
    through_norm = next(group for group in structure.prunable if group.statistics)
    cut = program.channels({through_norm.name: (0, 1, 2)})
    program.ways.work = lambda way, _: way != "zero"
    assert torch.allclose(program.suffix(program.dense(x), cut), run(shrink(net, structure, cut.kept), x), atol=1e-5)
    assert set(program.ways._trusted) == {"slice"}


def test_where_not_all_groups_can_go_together_each_is_tried_alone(monkeypatch):
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    agrees = program.ways.agrees
    monkeypatch.setattr(program.ways, "agrees", lambda way, kept: set(kept) == {"conv2"} and agrees(way, kept))
    batch = program.dense(x)
    for group in structure.prunable:
        cut = program.channels({group.name: (0, 1)})
        ready = program.ready(cut)
        assert (ready.model is None) == (group.name == "conv2")
        assert torch.allclose(program.suffix(batch, ready), run(shrink(net, structure, cut.kept), x), atol=1e-5)


@pytest.mark.parametrize("kind", trap_nets.UNPLANNED)
def test_what_no_plan_runs_is_replayed(kind):
    net, structure, x = made(kind)
    program = program_of(net, structure, x)
    assert program.backend in ("replay", "forward")
    assert set(program.refused) >= {"fused", "eager"}
    batch = program.dense(x)
    half = {"conv2.weight": net.conv2.weight.detach() / 2}
    assert torch.allclose(program.suffix(batch, Cut(half)), replaced(net, x, half), atol=1e-5)
    for group in structure.prunable:
        cut = program.channels({group.name: tuple(range(1, group.units))})
        assert torch.allclose(program.suffix(batch, cut), run(shrink(net, structure, cut.kept), x), atol=1e-5)


def test_a_network_that_draws_is_not_trusted_to_any_back_end():
    net, structure, x = made(trap_nets.Chance)
    program = program_of(net, structure, x)
    assert program.backend == "forward"
    assert "random" in program.refused["eager"] or "differently each time" in program.refused["eager"]
    assert "differently each time" in program.refused["replay"]


@pytest.mark.parametrize("lie", ["whole", "cut"])
def test_a_back_end_that_lies_is_stepped_down_from(monkeypatch, lie):
    honest = module.fused

    def lying(source):
        steps = honest(source)
        last = steps[-1]
        wrong = last.run if lie == "cut" else lambda n, prepared, *values: last.run(n, prepared, *values) + 0.01
        # prepared once for the network itself, then for each cut that replaces its weight
        told = []

        def prepare(tensors):
            told.append(0)
            return last.prepare([tensor * (1 + 0.01 * (len(told) > 1)) for tensor in tensors])

        return [*steps[:-1], replace(last, run=wrong, prepare=prepare if lie == "cut" else last.prepare)]

    monkeypatch.setattr(module, "fused", lying)
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    assert program.backend == "eager"
    assert set(program.refused) == {"half", "fused"}
    assert program.refused["fused"] == "it answers differently from the network's own forward pass"


@pytest.mark.parametrize("backend", ["fused", "eager", "replay", "forward"])
def test_nothing_of_the_network_changes(backend):
    net, structure, x = made("residual")
    with untouched(net):
        program = program_of(net, structure, x, [backend])
        batch = program.dense(x)
        before = batch.logits.clone()
        for group in structure.prunable:
            program.suffix(batch, program.channels({group.name: (0, 2)}))
        program.suffix(batch, Cut({"conv1.weight": torch.zeros_like(net.conv1.weight)}))
    assert torch.equal(before, batch.logits)
    assert torch.equal(program.suffix(batch, Cut({})), before)


def test_only_what_a_later_cut_starts_from_is_kept():
    net, structure, x = made("plain", double=True)
    program = program_of(net, structure, x, ["eager"])
    # inputs (5, 3, 6, 6), what conv2 reads (5, 8, 3, 3), what fc1 reads (5, 48), fc2 (5, 10), logits (5, 4)
    assert program.dense(x).bytes == 8 * 5 * (108 + 72 + 48 + 10 + 4)


def test_outputs_of_another_shape_or_with_no_number_are_not_close():
    assert close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0001]))
    assert not close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.001]))
    assert not close(torch.tensor([1.0]), torch.tensor([1.0, 2.0]))
    assert not close(torch.tensor([float("nan")]), torch.tensor([1.0]))
