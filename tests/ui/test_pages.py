import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file

from prunekit.cli import main
from prunekit.recipe import Recipe
from prunekit.records import Training
from prunekit.store import Workspace
from prunekit.tasks.zoo import task_names
from prunekit.ui.navigation import FOLDER, SECTIONS
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.ui.conftest import desk, settle, tiles

PAGES = [name for pages in SECTIONS.values() for name in pages]


def test_every_page_is_in_the_navigation():
    assert sorted(PAGES) == sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("cut", [{}, {"layer3.0.conv1": 0.5}], ids=["dense", "cut"])
def test_a_page_opens_by_its_address_with_a_desk_that_is_dense_or_cut(visit, page, cut):
    app = visit(page, session=Session("resnet8", recipe=Recipe("resnet8", channels=cut)))
    assert not app.exception
    assert [title.value for title in app.title] == [page.capitalize()]
    assert not app.error


@pytest.mark.slow
@pytest.mark.parametrize("task", task_names()[1:])
def test_every_bundled_task_opens_on_the_pages_that_draw_its_layers(visit, task):
    app = visit("tune", task)
    for page in ("tune", "open", "weights"):
        app = settle(app.switch_page(str(FOLDER / f"{page}.py")))
        assert [title.value for title in app.title] == [page.capitalize()]
        assert not app.exception
        assert not app.error


def test_who_comes_to_a_page_sees_its_top_first(visit):
    app = visit("tune")
    app.switch_page(str(FOLDER / "weights.py")).run()
    assert app.title[0].value == "Weights"
    assert not app.subheader
    assert app.run().subheader[0].value == "What is in one layer, and what does the cut take?"


def test_a_page_without_a_cut_says_what_to_do_next(visit):
    for page in ("recover", "export"):
        texts = [info.value for info in visit(page).info]
        assert any(text.startswith("Nothing is cut yet") for text in texts)


def test_an_unknown_project_is_one_sentence_and_a_way_on(visit, tmp_path):
    app = visit(task=str(tmp_path / "missing.toml"))
    assert not app.exception
    assert len(app.error) == 1
    assert [button.label for button in app.button] == ["Try again"]


RECIPE = Recipe(
    "resnet8",
    channels={"layer3.0.conv1": 0.9},
    weights={"layer1.0.conv2": 0.5},
    bits={"layer2.0.conv2": 4, "layer1.0.conv2": 2},
    seed=3,
)


def test_a_recovered_run_becomes_the_base_of_the_desk_and_is_the_command_lines_to_the_bit(
    visit, workspace, tmp_path, capsys
):
    app = visit("recover", session=Session("resnet8", recipe=RECIPE))
    app.button_group(key="epochs").set_value(1).run()
    app.button_group(key="batch").set_value(32).run()
    app.number_input(key="lr-adamw").set_value(0.004).run()
    app.button_group(key="distil").set_value(0.3).run()
    next(button for button in app.button if button.label == "Fine-tune").click().run()
    owner = next(job.owner for job in reversed(jobs.worker().jobs()) if job.owner.startswith("recover"))
    run = jobs.started(owner).wait(120).latest
    app = settle(app)
    assert desk(app).recipe == replace(RECIPE, base=run.id)
    assert {"Accuracy before", "Accuracy after"} <= {metric.label for metric in app.metric}
    assert run.training == Training(1, 32, 0.004, "adamw", 0.3, 4.0, fit_first=False, seed=RECIPE.seed)
    assert any("1 epoch, AdamW, peak learning rate 0.004, batch size 32" in caption.value for caption in app.caption)
    moved = replace(RECIPE, channels={"layer2.0.conv1": 0.5})  # another tab, whose desk is its own
    assert desk(visit("recover", session=Session("resnet8", recipe=moved))).recipe == moved, (
        "a tab with a desk of its own"
    )
    app.switch_page(str(FOLDER / "tune.py"))
    app = settle(app)
    assert tiles(app)["accuracy"]["value"] == f"{100 * run.readings[0].value:.1f} %"

    (tmp_path / "recipe.json").write_text(RECIPE.to_text())
    how = ("--epochs", "1", "--batch", "32", "--lr", "0.004", "--distil", "0.3")
    told = ("recover", "resnet8", "--recipe", str(tmp_path / "recipe.json"), *how, "--json")
    assert main([*told, "--workspace", str(tmp_path / "other")]) == 0
    other = Workspace(tmp_path / "other").weights_path(json.loads(capsys.readouterr().out)["run"])
    weights, same = (load_file(path) for path in (Workspace(workspace).weights_path(run.id), other))
    assert weights.keys() == same.keys()
    assert all(torch.equal(tensor, same[name]) for name, tensor in weights.items())


def test_a_recovery_that_ends_on_another_page_is_on_the_desk(visit):
    cut = Recipe("resnet8", channels={"layer3.0.conv1": 0.5})
    app = visit("recover", session=Session("resnet8", recipe=cut))
    app.button_group(key="epochs").set_value(1).run()
    held = jobs.worker().job("else", "Another job", lambda: iter(int, 1))  # keeps the line until it is cancelled
    next(button for button in app.button if button.label == "Fine-tune").click().run()
    job = jobs.worker().jobs()[-1]
    app.switch_page(str(FOLDER / "tune.py")).run()
    app.run()
    assert any(caption.value.endswith("tuning · waits") for caption in app.sidebar.caption)
    held.cancel()
    run = job.wait(120).latest
    app = settle(app)
    assert desk(app).recipe == replace(cut, base=run.id)
    assert tiles(app)["accuracy"]["value"] == f"{100 * run.readings[0].value:.1f} %"
    assert [button.label for button in app.sidebar.button] == ["Got it"]  # the welcome's; nothing is offered


def test_a_recovery_of_a_desk_that_has_moved_is_offered(visit):
    cut, moved = (Recipe("resnet8", channels={"layer3.0.conv1": level}) for level in (0.5, 0.75))
    app = visit("recover", session=Session("resnet8", recipe=cut))
    app.button_group(key="epochs").set_value(1).run()
    held = jobs.worker().job("else", "Another job", lambda: iter(int, 1))
    next(button for button in app.button if button.label == "Fine-tune").click().run()
    job = jobs.worker().jobs()[-1]
    desk(app).recipe = moved
    held.cancel()
    run = job.wait(120).latest
    app = settle(app)
    assert desk(app).recipe == moved
    app.button(key="offered-take").click().run()
    assert desk(app).recipe == replace(cut, base=run.id)
    assert not [button for button in app.button if button.key == "offered-take"]


@pytest.mark.parametrize("rate", [-1.0, 1000.0])
def test_a_refused_learning_rate_starts_nothing(visit, rate):
    app = visit("recover", session=Session("resnet8", recipe=RECIPE))
    app.number_input(key="lr-adamw").set_value(rate).run()
    assert next(button for button in app.button if button.label == "Fine-tune").disabled
    assert any(f"{rate:g} is not from 1e-06 to 1." in caption.value for caption in app.caption)


def test_the_article_is_counted_as_printed(visit):
    app = visit("open", task="article")
    text = " ".join(markdown.value for markdown in app.markdown)
    assert "35,184,372,088,832 weights" in text
    # 3×3 convolutions with biases, then the three linear layers; by hand, not by torch.
    convolutions = sum(9 * a * b + b for a, b in pairwise(_WIDTHS))
    linear = 1024 * (2048 * 4096 * 4096 + 1024 + 10) + 1024 + 1024 + 10
    assert f"**{convolutions + linear:,} parameters**" in text


_WIDTHS = (3, 64, 128, 256, 512, 1024, 2048, 4096, 1024)
