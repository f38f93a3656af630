"""A cut is proven where it is used: once for its numbers of units, before an exact reading, a network or a training."""

import math

import pytest
import torch
from torch import nn

import prunekit
from prunekit import verbs
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.graph.proof import Comparison, comparison
from prunekit.recipe import Recipe
from prunekit.subject.exactness import exactness
from prunekit.subject.subject import resolve


class Particular(nn.Module):
    """Computes something else at one width, which no trial of the analysis has: 12 of 20 units."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(6, 12), nn.Linear(12, 20), nn.Linear(20, 3)

    def forward(self, x):
        y = torch.relu(self.b(torch.relu(self.a(x))))
        return self.out(y * 2 if y.shape[-1] == 12 else y)


@pytest.fixture
def desk(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(40, 6)
    return prunekit.open(Particular(), validation=(x, torch.arange(40) % 3), workspace=tmp_path, name="particular")


def drop(desk, group, count):
    return Recipe(task="particular", drop={group: tuple(range(count))})


def test_a_size_at_which_the_code_does_something_else_is_refused_and_named(desk):
    assert desk.opened.structure.group("b").graph_only == ""
    with pytest.raises(RecipeError, match=r"its own code depends on the number of units of 'b' \(12 of 20 units\)"):
        desk.evaluate(drop(desk, "b", 8), progress=False)
    with pytest.raises(RecipeError, match="its own code depends"):
        desk.prune(drop(desk, "b", 8))


def test_other_sizes_of_the_same_group_are_exact(desk):
    evaluation = desk.evaluate(drop(desk, "b", 7), progress=False)
    assert evaluation.exactness.error < 1e-12
    assert evaluation.exactness.samples == 4
    assert evaluation.to_json()["cut_error"] == evaluation.exactness.error


def test_a_first_reading_does_not_wait_and_says_so(desk):
    steps = [step for step in verbs.evaluate_steps(desk.opened, drop(desk, "a", 3)) if step is not None]
    assert all(step.exactness is not None for step in steps if step.reading.n == 40)


def test_the_same_numbers_of_units_are_proven_once(desk, monkeypatch):
    calls = []
    original = Comparison.error
    monkeypatch.setattr(Comparison, "error", lambda *args: calls.append(1) or original(*args))
    first, second = (Recipe(task="particular", drop={"a": units}) for units in ((0, 1), (4, 9)))
    assert exactness(resolve(desk.opened, first)) is exactness(resolve(desk.opened, second))
    assert len(calls) == 1


def test_nothing_cut_needs_no_proof(desk):
    assert exactness(resolve(desk.opened, Recipe(task="particular"))) is None
    assert exactness(resolve(desk.opened, Recipe(task="particular", weights={"a": 0.5}))) is None


def test_the_bound_follows_the_narrowest_type_of_the_pass():
    class Narrow(nn.Sequential):
        def forward(self, x):
            h = self[0](x).float()
            return self[1]((h * h.pow(2).mean((0, 1), keepdim=True).rsqrt()).to(x.dtype))

    net = Narrow(nn.Linear(4, 6), nn.Linear(6, 2))
    x = torch.randn(4, 4)
    wide = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    assert comparison(wide, structure_of(wide, x), x).bound == 1e-9
    bound = comparison(net, structure_of(net, x), x).bound
    assert math.isclose(bound, 100 * 2.0**-23)


def test_a_cut_that_nothing_can_be_compared_with_says_so(tmp_path):
    class Noisy(nn.Sequential):
        def forward(self, x):
            return super().forward(x + torch.rand_like(x))

    net = Noisy(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    x = torch.randn(40, 6)
    noisy = prunekit.open(net, validation=(x, torch.arange(40) % 3), workspace=tmp_path, name="noisy")
    evaluation = noisy.evaluate(Recipe(task="noisy", drop={"0": (1,)}), progress=False)
    assert evaluation.exactness is None
    assert "The cut cannot be proven to be exact: The forward pass draws random numbers." in evaluation.notes
    assert not any("cannot be proven" in note for note in noisy.evaluate(progress=False).notes)
