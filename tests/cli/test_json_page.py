"""Every answer in JSON has exactly the keys and types that docs/json.md lists, and the counts that it shows."""

import argparse
import io
import json
import re
import shutil
from contextlib import redirect_stdout

import pytest
import torch

from prunekit import verbs
from prunekit.cli import _parser, main
from prunekit.export.prove import prove
from prunekit.export.verify import Proof
from prunekit.program.program import BACKENDS
from prunekit.recipe import Recipe
from prunekit.records import Kind, Mode, Speed, Status
from tests.json_page import EXAMPLES, PAGE, RECORDS, differences, faults
from tests.own_projects import write_own
from tools.app_server import ROOT

OWN = ROOT / "examples" / "own_images"


def proven_here(paths, splits, network):
    """Proofs without the fresh process, which tests/export is about."""
    return (Proof(path, name, check) for path in paths for name, check in prove(path, splits, network))


@pytest.fixture(scope="module")
def quick():
    """No timing beyond the fewest rounds, and no process besides this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prunekit.timing.latency.SECONDS", 0.0)
        patch.setattr("prunekit.export.verify._proofs_elsewhere", proven_here)
        yield patch


@pytest.fixture(scope="module")
def folder(quick, tmp_path_factory):
    """Where the page's commands are given: beside the examples, with its recipe and a workspace of its own."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "examples").symlink_to(ROOT / "examples")
    (recipe,) = re.findall(r"`echo '(.*)' > half\.json`", PAGE)
    (folder / "half.json").write_text(recipe)
    quick.chdir(folder)
    quick.setenv("PRUNEKIT_WORKSPACE", str(folder / "workspace"))
    return folder


def answer(arguments):
    with redirect_stdout(io.StringIO()) as out:
        assert main(arguments) == 0
    return json.loads(out.getvalue())


@pytest.fixture(scope="module")
def printed(folder):
    """What the page's commands print, in its order."""
    answers = {}
    for heading, example in EXAMPLES.items():
        arguments = example.arguments.split()
        if "dense" in arguments:  # every recovery is a run with an id of its own
            arguments[arguments.index("dense") + 1] = answers["prunekit recover"]["run"]
        answers[heading] = answer(arguments)
    return answers


def test_every_verb_has_its_section():
    (choices,) = (a.choices for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert {heading.split()[1] for heading in EXAMPLES} == choices.keys() - {"app"}


@pytest.mark.parametrize("heading", EXAMPLES)
def test_an_example_has_the_keys_of_its_table(heading):
    assert faults(EXAMPLES[heading].shown, EXAMPLES[heading].kind) == []


@pytest.mark.slow
@pytest.mark.parametrize("heading", EXAMPLES)
def test_a_verb_prints_the_keys_and_the_counts_of_its_example(printed, heading):
    example = EXAMPLES[heading]
    assert faults(printed[heading], example.kind) == []
    assert list(differences(example.shown, printed[heading], example.kind)) == []


@pytest.fixture(scope="module")
def with_test(folder):
    """The example's project with a test split, which is its validation photos once more."""
    project = shutil.copytree(OWN, folder / "with_test")
    shutil.copytree(project / "photos" / "val", project / "photos" / "test")
    return project


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["prune", "recover --epochs 1"])
def test_an_export_adds_the_files_and_the_reading_of_a_test_split(with_test, folder, verb):
    verb, *options = verb.split()
    out = str(folder / f"{verb}d")
    told = answer([verb, str(with_test), *options, "--recipe", "half.json", "--out", out, "--json"])
    assert faults(told, f"prunekit {verb}") == []
    assert (told["test"]["split"], told["test"]["n"]) == ("test", 36)
    assert all(file["path"].startswith(out) for file in told["files"])


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["scan", "plan --target params=0.5"])
def test_weights_have_the_keys_of_channels(folder, verb):
    verb, *options = verb.split()
    told = answer([verb, str(OWN), "--kind", "weights", *options, "--json"])
    assert faults(told, f"prunekit {verb}") == []
    assert told["kind"] == "weights"


@pytest.mark.slow
def test_a_metric_of_ones_own_counts_nothing(folder):
    project = OWN.with_name("own_model")
    told = answer(["evaluate", str(project), "--metric", f"{project / 'nets.py'}:worst_class", "--json"])
    assert faults(told, "prunekit evaluate") == []
    assert (told["correct"], told["interval"], told["per_class"]) == (None, None, [])


@pytest.mark.slow
def test_what_a_checkpoint_does_not_fill_is_listed_by_name_and_shape(folder):
    told = answer(["inspect", str(OWN), "--argument", "width=8", "--partial", "--json"])
    assert faults(told, "prunekit inspect") == []
    assert set(told["checkpoint"]["reshaped"][0]) == set(RECORDS["reshaped"])


@pytest.mark.slow
def test_a_metric_of_averages_shifts_samples_in_place_of_flips(folder):
    project = write_own(folder, "pixels")
    torch.manual_seed(0)
    opened = verbs.open_task(project)
    recipe = verbs.check(opened, Recipe(channels={"0": 0.5}))
    reading = verbs.last(verbs.evaluate(opened, recipe)).reading
    run = verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, None)
    torch.manual_seed(0)  # its weights are drawn whenever it is opened
    told = answer(["compare", project, "dense", run.id, "--json"])
    assert faults(told, "prunekit compare") == []
    assert set(told["shifts"][0]) == set(RECORDS["shift"])
    assert told["flips"] == []


def test_every_word_that_a_key_may_say_is_on_the_page():
    words = [*BACKENDS, *Kind, *Mode, *Speed, *Status]
    assert [word for word in words if f"`{word}`" not in PAGE] == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"ok": True}, "answer has no checks"),
        ({"ok": True, "checks": [], "passed": 3}, "answer has passed, which the page does not list"),
        ({"ok": 1, "checks": []}, "answer.ok is 1, no boolean"),
        ({"ok": None, "checks": []}, "answer.ok is null, no boolean"),
        ({"ok": True, "checks": [{"name": "file", "ok": True}]}, "answer.checks[0] has no detail"),
    ],
)
def test_a_key_that_is_removed_added_or_of_another_type_is_told(changed, fault):
    assert faults(changed, "prunekit verify") == [fault]


def test_another_count_than_the_page_shows_is_told():
    shown = EXAMPLES["prunekit prune"].shown
    printed = {**shown, "params": shown["params"] + 1, "value": 0.5}
    said = f"answer.params is {printed['params']}, on the page {shown['params']}"
    assert list(differences(shown, printed, "prunekit prune")) == [said]
