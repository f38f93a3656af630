"""Names from files and projects, of layers, classes, the metric and a run, with HTML, Markdown and LaTeX in each."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import expect

from prunekit.recipe import Recipe
from tests.browser.conftest import settled
from tools.app_server import serving

LAYER = "a<img src=x onerror=ran=1><b>b</b>**c**$d^2$%{y}"
CLASS = "cat <b>bold</b> **strong** $x^2$ :red[r] [l](javascript:window.ran=1)"
METRIC = "score <img src=x onerror=window.ran=1> _i_ $z$"
NOTE = "my <script>window.ran=1</script> **note** $n$ `code`"
NETS = f"""
import prunekit
import torch
from torch import nn

LAYER = {LAYER!r}


def net():
    torch.manual_seed(0)
    made = nn.Sequential()
    made.add_module(LAYER, nn.Conv2d(1, 6, 3, padding=1))
    made.add_module("relu", nn.ReLU())
    made.add_module("second", nn.Conv2d(6, 4, 3, padding=1))
    made.add_module("pool", nn.AdaptiveAvgPool2d(1))
    made.add_module("flat", nn.Flatten())
    made.add_module("fc", nn.Linear(4, 2))
    return made


@prunekit.metric(name={METRIC!r})
def score(model, data):
    return float((model(data.inputs).argmax(1) == data.targets).float().mean())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, server_log, port) -> Iterator[str]:
    from prunekit import verbs

    folder, workspace = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("workspace")
    generator = np.random.default_rng(0)
    np.savez(folder / "data.npz", X=generator.normal(size=(60, 1, 8, 8)).astype(np.float32), y=np.arange(60) % 2)
    (folder / "nets.py").write_text(NETS)
    text = {"name": "names", "factory": "nets.py:net", "data": "data.npz", "metric": METRIC, "classes": [CLASS, "dog"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in text.items()]
    task = folder / "prunekit.toml"
    task.write_text("\n".join([*lines, 'use = ["nets.py"]']))
    opened = verbs.open_task(str(task), workspace)
    recipe = Recipe("names", channels={LAYER: 0.5})
    evaluation = verbs.last(verbs.evaluate(opened, recipe))
    run = verbs.commit(opened, recipe, evaluation.cost, evaluation.reading, None)
    opened.workspace.rename(run.id, NOTE)
    opened.workspace.star(run.id)
    with serving(workspace, server_log, task=str(task), port=port) as address:
        yield address


@pytest.mark.parametrize("page_name", ["", "sensitivity", "recover", "compare", "export", "weights", "open"])
def test_names_are_text_on_every_page(page, page_name):
    page.goto(f"/{page_name}")
    settled(page)
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src=x]").count() == 0
    for markup in ("b", "strong", "em", "code"):
        own = page.locator(f"{markup}:text-matches('^(b|c|bold|strong|note|code|i)$')")
        places = own.evaluate_all("all => all.map(one => one.closest('[data-testid]').innerText)")
        assert places == [], markup
    assert page.locator(".katex").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0


def test_the_note_reads_as_it_was_written(page):
    page.goto("/compare")
    settled(page)
    expect(page.get_by_text("**note** $n$ `code`").first).to_be_attached()
