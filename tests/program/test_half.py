"""bfloat16 with a second look, forced on a processor without it: its operations run one by one there."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch.nn import functional as F

from prunekit.graph import structure_of
from prunekit.program import fused as kernels
from prunekit.program import half as module
from prunekit.program.cuts import Cut
from prunekit.program.forward import run
from prunekit.program.operations import operations
from prunekit.program.outputs import finish
from prunekit.program.step import plain
from prunekit.program.trust import program_of
from tests import nets
from tests.untouched import untouched

NAMES = ("plain", "residual", "attention", "linear")


@pytest.fixture(autouse=True)
def forced(monkeypatch):
    monkeypatch.setattr(module, "supported", lambda: True)
    monkeypatch.setattr(module, "fused", lambda low, dtype: [plain(call, low.trace.tensors) for call in low.calls])


@cache
def made(name):
    net, x = nets.make(name), nets.example("linear" if name == "linear" else "plain", 64)
    return net, structure_of(net, x[:2]), x


def ran_again(monkeypatch, program):
    """Return the list to which the number of samples of every pass in single precision is added."""
    passes, suffix = [], program._plan.suffix
    monkeypatch.setattr(program._plan, "suffix", lambda env, ready: passes.append(env.n) or suffix(env, ready))
    return passes


@pytest.mark.parametrize("name", NAMES)
def test_every_prediction_is_that_of_single_precision(name):
    net, structure, x = made(name)
    half, single = program_of(net, structure, x), program_of(net, structure, x, ["fused"])
    assert (half.backend, half.refused) == ("half", {})
    batch, exact = half.dense(x), single.dense(x)
    assert torch.equal(batch.logits, exact.logits)
    cuts = [Cut({layer.weight: half.state[layer.weight] * 0.7}) for layer in structure.layers]
    cuts += [half.channels({g.name: tuple(range(1, g.units))}) for g in structure.prunable]
    differs = False
    for cut in cuts:
        found, wanted = half.suffix(batch, cut), single.suffix(exact, cut)
        assert torch.equal(found.argmax(1), wanted.argmax(1))
        assert found.dtype == torch.float32
        differs = differs or not torch.equal(found, wanted)
    assert differs  # else it was not half precision that ran


def test_close_calls_run_again_and_no_others(monkeypatch):
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    batch, cut = program.dense(x), program.ready(Cut({"conv2.weight": program.state["conv2.weight"] * 0.7}))
    passes = ran_again(monkeypatch, program)
    program.threshold = 0.0
    monkeypatch.setattr(program, "_learn", lambda half, exact: None)
    rough = program.suffix(batch, cut)
    assert passes == []
    gaps = rough.topk(2, 1).values @ torch.tensor([1.0, -1.0])
    program.threshold = float(gaps.median())
    found = program.suffix(batch, cut)
    close = gaps <= program.threshold
    assert passes == [int(close.sum())] == [32]
    exact = torch.func.functional_call(net, dict(cut.cut.tensors), x)
    assert torch.allclose(found[close], exact[close], atol=1e-6)
    assert torch.equal(found[~close], rough[~close])


def test_the_threshold_is_three_times_the_largest_difference_seen_and_never_falls():
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    program._learn(torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16), torch.tensor([[1.0, 2.5]]))
    assert program.threshold == 1.5
    program._learn(torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16), torch.tensor([[1.0, 2.25]]))
    assert program.threshold == 1.5


def test_a_difference_seen_on_a_close_call_makes_close_calls_of_others(monkeypatch):
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    batch, cut = program.dense(x), program.ready(Cut({"conv2.weight": program.state["conv2.weight"] * 0.7}))
    passes = ran_again(monkeypatch, program)
    gaps = program.suffix(batch, cut).topk(2, 1).values @ torch.tensor([1.0, -1.0])
    passes.clear()
    program.threshold = float(gaps.min()) + 1e-3
    monkeypatch.setattr(program, "_learn", lambda half, exact: setattr(program, "threshold", float("inf")))
    found = program.suffix(batch, cut)
    assert sum(passes) == len(x)
    assert len(passes) == 2
    assert torch.allclose(found, torch.func.functional_call(net, dict(cut.cut.tensors), x), atol=1e-6)


def test_an_answer_that_is_no_number_is_looked_at_again(monkeypatch):
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    batch, cut = program.dense(x), program.ready(Cut({}))
    wrong = torch.full((len(x), 4), float("nan"), dtype=torch.bfloat16)
    monkeypatch.setattr(program._low, "suffix", lambda env, suffix: wrong.clone())
    assert torch.equal(program.suffix(batch, cut), batch.logits)


def test_collected_samples_and_a_part_of_the_network_have_both_precisions():
    net, structure, x = made("residual")
    program = program_of(net, structure, x)
    cut = program.ready(Cut({"conv1.weight": program.state["conv1.weight"] * 0.7}))
    wanted = torch.func.functional_call(net, dict(cut.cut.tensors), x)
    some = program.rows([program.dense(x[:30]), program.dense(x[30:])], [1, 29, 30, 63])
    assert some.half.n == 4
    assert torch.equal(program.suffix(some, cut).argmax(1), wanted[[1, 29, 30, 63]].argmax(1))
    start = program.prefix(x, [cut])
    assert start.logits is None
    assert start.bytes > start.env.bytes
    assert torch.equal(program.suffix(start, cut).argmax(1), wanted.argmax(1))


def test_half_precision_that_is_far_off_is_stepped_down_from(monkeypatch):
    honest = module.fused

    def rough(low, dtype):
        *steps, last = honest(low, dtype)
        return [*steps, replace(last, run=lambda n, prepared, *values: last.run(n, prepared, *values) + 10.0)]

    monkeypatch.setattr(module, "fused", rough)
    net, structure, x = made("plain")
    program = program_of(net, structure, x)
    assert program.backend == "fused"
    assert set(program.refused) == {"half"}


def test_it_is_not_taken_where_the_processor_cannot_or_samples_have_many_answers(monkeypatch):
    net, structure, x = made("plain")
    picture = torch.nn.Conv2d(3, 4, 1)
    program = program_of(picture, structure_of(picture, x[:2]), x)
    assert "one class for each sample" in program.refused["half"]
    monkeypatch.setattr(module, "supported", lambda: False)
    assert program_of(net, structure, x).refused == {"half": "this processor does not compute in bfloat16"}


def test_nothing_of_the_network_changes():
    net, structure, x = made("residual")
    with untouched(net):
        program = program_of(net, structure, x)
        program.suffix(program.dense(x), Cut({"conv1.weight": torch.zeros_like(net.conv1.weight)}))


class Imitation:
    """oneDNN's calls, which take one precision only, by plain operations."""

    def _reorder_convolution_weight(self, weight, *_):
        return weight

    def _reorder_linear_weight(self, weight, _):
        return weight

    @property
    def _convolution_pointwise(self):
        return _Call(
            lambda x, w, b, padding, stride, dilation, count: F.conv2d(x, w, b, stride, padding, dilation, count)
        )

    @property
    def _linear_pointwise(self):
        return _Call(F.linear)


class _Call:
    def __init__(self, function):
        self.function = function

    def __call__(self, x, weight, bias, *rest):
        *given, kind, _, _ = rest
        return self._after(self._run(x, weight, bias, *given), kind)

    def binary(self, x, other, weight, bias, *rest):
        given, kind = (rest[: rest.index("add")], rest[-3] if len(rest) > 1 else None)
        assert other.dtype == torch.bfloat16
        return self._after(self._run(x, weight, bias, *given) + other, kind)

    def _run(self, x, weight, bias, *given):
        assert {value.dtype for value in (x, weight, bias) if value is not None} == {torch.bfloat16}
        return self.function(x, weight, bias, *given)

    def _after(self, value, kind):
        return {"relu": F.relu, "none": lambda v: v, None: lambda v: v, "gelu": F.gelu}[kind](value)


@pytest.mark.parametrize("name", NAMES)
def test_fused_calls_get_half_precision_alone(monkeypatch, name):
    net, _, x = made(name)
    source = finish(operations(net, x[:1]))
    monkeypatch.setattr(kernels, "mkldnn", Imitation())
    values = {source.input: x.bfloat16(), **source.constants}
    state = dict(net.state_dict())
    with torch.inference_mode():
        for step in kernels.fused(source, dtype=torch.bfloat16):
            prepared = module._then_half(step.prepare)([state[name] for name in step.tensors])
            values[step.value] = module._then_half(step.run)(len(x), prepared, *(values[node] for node in step.reads))
    wanted = run(net, x)
    assert torch.allclose(values[source.output].float(), wanted, atol=0.03 * float(wanted.abs().max()))
