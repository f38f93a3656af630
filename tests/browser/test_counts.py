"""The browser counts with its own copy of two rules; they have to be Python's to the unit."""

import random

import pytest
import torch

from prunekit.criteria.select import count_kept
from prunekit.cut.precision import cost_of, stored_formula
from prunekit.graph import structure_of
from prunekit.recipe import BITS, Recipe, kept_units
from prunekit.records import Mode
from prunekit.ui.equalizer import HERE, content
from prunekit.ui.widgets.text import count
from tests.golden_nets import resnet50
from tests.nets import NETS, example, make


@pytest.fixture(scope="module")
def counts(browser):
    page = browser.new_page()
    for script in ("counts.js", "strip.js"):
        page.add_script_tag(content=(HERE / script).read_text())
    yield page
    page.close()


def test_the_rounding_rule_is_the_same_in_the_browser(counts):
    found = counts.evaluate(
        """() => {
            const all = [];
            for (let n = 1; n <= 256; n++) for (let p = 0; p <= 100; p++) all.push(keptUnits(n, p / 100));
            return all;
        }"""
    )
    assert found == [kept_units(n, p / 100) for n in range(1, 257) for p in range(101)]
    stepped = counts.evaluate("() => [8, 3, 30].map((step) => keptUnits(30, 0.5, step))")
    assert stepped == [kept_units(30, 0.5, step) for step in (8, 3, 30)]


def test_counts_are_written_with_three_digits_on_either_side(counts):
    edges = [
        sign + step * digit
        for step in (10, 10**3, 10**6, 10**9)
        for digit in (1, 9.5, 10, 95, 99.95)
        for sign in (-1, 0, 1)
    ]
    draw = random.Random(2)
    numbers = sorted({round(n) for n in [*edges, *(10 ** draw.uniform(3, 14) for _ in range(500))]})
    texts = counts.evaluate("(numbers) => numbers.map(shortCount)", numbers)
    assert texts == [count(n) for n in numbers]
    assert {sum(c.isdigit() for c in text) for n, text in zip(numbers, texts, strict=True) if n >= 1000} == {3}


def networks():
    for name in NETS:
        yield name, make(name), example(name)
    yield "resnet50", resnet50().eval(), torch.zeros(2, 3, 224, 224, device="meta")


@pytest.mark.parametrize(("net", "inputs"), [pytest.param(net, x, id=name) for name, net, x in networks()])
def test_the_formula_counts_the_same_in_the_browser(counts, net, inputs):
    structure = structure_of(net, inputs)
    draw = random.Random(1)
    for _ in range(20):
        recipe = Recipe(
            channels={g.name: draw.choice([0, draw.random()]) for g in structure.prunable},
            drop={g.name: (0,) for g in structure.prunable if g.units > 2 and draw.random() < 0.3},
            keep={g.name: (1,) for g in structure.prunable if g.units > 2 and draw.random() < 0.3},
            round_to={g.name: 4 for g in structure.prunable if draw.random() < 0.3},
            weights={layer.name: 0.5 for layer in structure.layers if draw.random() < 0.1},
            bits={layer.name: draw.choice(BITS) for layer in structure.layers if draw.random() < 0.3},
        )
        terms = content.terms(stored_formula(structure, recipe))
        allowed = {g.name: range(0, g.units - 1) for g in structure.prunable if g.units > 4 and draw.random() < 0.3}
        groups = content.groups(structure, recipe, allowed, Mode.CHANNELS)
        found = counts.evaluate(
            """([terms, groups, values]) => {
                const kept = groups.map((group) => countKept(group, values[group.name] ?? 0));
                return { ...evaluateFormula(terms, kept), kept };
            }""",
            [terms, groups, dict(recipe.channels)],
        )
        expected = count_kept(structure, recipe, allowed)
        assert found.pop("kept") == [expected.get(g.name, g.units) for g in structure.groups]
        assert found == content.counts(cost_of(structure, recipe, expected))
