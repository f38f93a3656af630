import json
from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.cli import main
from prunekit.objectives import own_metric
from prunekit.recipe import Recipe
from prunekit.records import Mode


@pytest.fixture
def tiny(opened, monkeypatch):
    """The command line opens the tiny task, whatever it is asked for."""
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: opened)
    return opened


def scan(capsys, *arguments):
    code = main(("scan", "tiny", "--json", *arguments))
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", Mode)
def test_an_exact_scan_measures_every_cell_on_all_samples(tiny, capsys, tmp_path, kind):
    code, found = scan(capsys, "--exact", "--kind", kind.value, "--out", str(tmp_path / "scan.json"))
    assert (code, found["kind"], found["within"]) == (0, kind.value, None)
    assert len(found["points"]) == 9 * {Mode.CHANNELS: 2, Mode.WEIGHTS: 4}[kind]
    assert {(p["reading"]["n"], p["reading"]["status"]) for p in found["points"]} == {(60, "measured")}
    assert json.loads((tmp_path / "scan.json").read_text()) == found


def test_a_scan_to_a_precision_says_what_each_cell_is(tiny, capsys):
    _, found = scan(capsys, "--within", "20")
    assert found["within"] == 20
    assert len({(p["name"], p["level"]) for p in found["points"]}) == 18
    for point in found["points"]:
        assert (point["reading"]["interval"] is None) == (point["reading"]["status"] == "interpolated")


@pytest.mark.parametrize("width", ["0", "-1", "101", "wide"])
def test_a_precision_is_above_0_and_at_most_100_points(capsys, width):
    with pytest.raises(SystemExit) as exit_:
        main(("scan", "tiny", "--within", width))
    assert exit_.value.code == 2
    assert "--within" in capsys.readouterr().err


def test_exact_and_within_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        main(("scan", "tiny", "--within", "1", "--exact"))


@pytest.mark.parametrize(
    ("verb", "option"),
    [("scan", "--workers"), ("scan", "--limit"), ("evaluate", "--limit"), ("inspect", "--samples")],
)
@pytest.mark.parametrize("count", ["0", "-2", "two"])
def test_processes_and_samples_are_counted_from_1(capsys, verb, option, count):
    with pytest.raises(SystemExit) as exit_:
        main((verb, "tiny", option, count))
    assert exit_.value.code == 2
    assert f"argument {option}: a whole number from 1 is expected, not '{count}'" in capsys.readouterr().err


def test_bits_are_scanned_of_what_a_recipe_leaves(tiny, capsys, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"channels": {"conv1": 0.25}}')
    code, found = scan(capsys, "--kind", "bits", "--recipe", str(recipe))
    inner, levels = ("conv1", "conv2"), (16, 8, 6, 4, 3, 2, 1)
    assert code == 0
    assert {(point["name"], point["level"]) for point in found["points"]} == {(n, b) for n in inner for b in levels}
    assert len(found["points"]) == verbs.scan_bits_size(tiny) == 14
    cut = verbs.last(verbs.evaluate(tiny, Recipe(channels={"conv1": 0.25}, bits={"conv2": 1}))).reading
    (one,) = (point["reading"] for point in found["points"] if (point["name"], point["level"]) == ("conv2", 1))
    assert one["correct"] == cut.correct
    assert main(("scan", "tiny", "--recipe", str(recipe))) != 0
    assert "leave --recipe out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "head"),
    [
        (
            ("--within", "20"),
            "fraction removed → accuracy, estimated to 20 points, or a tenth of the drop, of its value on 60 validation"
            " samples (95 % interval)",
        ),
        (("--within", "20", "--limit", "50"), "of its value on 50 validation samples"),
        (("--exact",), "fraction removed → accuracy, measured on 60 validation samples, 95 % intervals up to 1"),
        (
            ("--kind", "bits"),
            "bits of this layer → accuracy, measured on 60 validation samples, 95 % intervals up to 1",
        ),
    ],
)
def test_a_scan_in_text_says_what_its_percentages_are(tiny, capsys, arguments, head):
    assert main(("scan", "tiny", *arguments)) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert head in first
    assert len(rows) == 2
    assert all("→" in row for row in rows)


def test_a_scan_in_text_says_that_it_does_not_read_a_metric_of_ones_own(opened, capsys, monkeypatch):
    own = own_metric("wrong", lambda model, data: 0.25, higher_is_better=False)
    task = replace(opened.task, metric="wrong", own_metric=own)
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: replace(opened, task=task))
    heads = {}
    for kind in ("weights", "bits"):
        assert main(("scan", "tiny", "--exact", "--kind", kind)) == 0
        heads[kind] = capsys.readouterr().out.splitlines()[0]
    assert "agreement with the dense network (a scan of many networks does not read wrong)" in heads["weights"]
    assert heads["bits"].endswith("→ wrong (lower is better), measured on 60 validation samples")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("scan tiny --kind blocks --limit 20 --within 1", "--kind blocks does not go with --within, --limit;"),
        ("scan tiny --kind bits --criterion l2 --workers 1", "--kind bits does not go with --workers, --criterion;"),
        ("plan tiny --kind bits --target bytes=0.5 --worth 1", "--kind bits does not go with --worth;"),
        ("plan tiny --kind bits --target bytes=0.5 --pin conv9", "There is no layer 'conv9'"),
    ],
)
def test_an_option_that_a_kind_does_not_use_is_refused(tiny, capsys, arguments, named):
    assert main(tuple(arguments.split())) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err
