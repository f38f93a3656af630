import json
from dataclasses import replace

import pytest
import torch

from prunekit import cli, verbs
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode, Outline, Point, Trial
from prunekit.recover.recalibrate import recalibrate
from prunekit.store import Workspace
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split, Task
from tests.nets import example, make


def balanced():
    """A network whose statistics fit its data and that gives every class now and then."""
    inputs = example("plain", 200, 7)
    net = recalibrate(make("plain"), Split(inputs, torch.zeros(200)))
    with torch.no_grad():
        outputs = net(inputs)
        net.fc2.weight /= outputs.std(0)[:, None]
        net.fc2.bias.copy_((net.fc2.bias - outputs.mean(0)) / outputs.std(0))
    return net


def split(net, n, seed):
    """Random images, each of the class that the dense network gives it: only cuts make mistakes."""
    inputs = example("plain", n, seed)
    return Split(inputs, net(inputs).argmax(1))


@pytest.fixture
def opened(tmp_path):
    net = balanced()
    data = Data(split(net, 60, 1), split(net, 40, 2), lambda epoch: split(net, 128, 10 + epoch), tuple("abcd"))
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", data)
    return verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))


def candidates(records):
    return [record for record in records if isinstance(record, Candidate)]


def test_candidates_meet_every_target_and_are_really_evaluated(opened):
    dense = opened.structure.cost({})
    *found, best = candidates(verbs.plan(opened, {"macs": 0.5, "params": 0.6, "bytes": 3000}))
    assert [candidate.name for candidate in found] == ["uniform", "global", "greedy", "curves", "exchange"]
    for candidate in found:
        assert candidate.misses == ()
        assert candidate.cost.macs <= dense.macs // 2
        assert candidate.cost.params <= dense.params * 0.6
        assert candidate.cost.bytes <= 3000
        evaluation = verbs.last(verbs.evaluate(opened, candidate.recipe))
        assert evaluation.cost == candidate.cost == verbs.cost(opened, candidate.recipe)
        assert replace(evaluation.reading, value_raw=None) == candidate.reading
        assert candidate.nonzero == evaluation.nonzero
    assert best.note == "selected on this split: optimistic"
    assert replace(best, note="") in found
    assert best.reading.value == max(candidate.reading.value for candidate in found)


@pytest.mark.parametrize(("mode", "resource"), [(Mode.CHANNELS, "macs"), (Mode.WEIGHTS, "params")])
def test_a_draft_is_one_of_the_plans_own_allocations_and_measures_nothing(opened, mode, resource):
    *found, _ = candidates(verbs.plan(opened, {resource: 0.5}, mode))
    drafted = verbs.draft(opened, {resource: 0.5}, mode)
    (plan, *_) = [candidate for candidate in found if candidate.recipe == drafted.recipe]
    assert plan.name in ("greedy", "curves")
    assert drafted.cost == plan.cost
    assert drafted.left == plan.amount(resource, mode) <= getattr(opened.structure.cost({}), resource) / 2
    assert verbs.history(opened) == ()


def test_a_draft_keeps_whole_what_no_scan_has_reached_and_says_where_that_is_too_little(opened):
    with pytest.raises(RecipeError, match="macs cannot fall to"):
        verbs.draft(opened, {"macs": 0.5})
    name = opened.structure.prunable[0].name
    for point in verbs.scan(opened):
        if point.name == name and point.level == 0.9:
            break
    assert set(verbs.draft(opened, {"macs": 0.97}).recipe.channels) == {name}
    with pytest.raises(RecipeError, match="needs a resource"):
        verbs.draft(opened, {"accuracy": -1})


def test_a_loss_alone_is_bisected_by_real_evaluations(opened):
    *found, best = candidates(verbs.plan(opened, {"accuracy": -40}))
    for candidate in found:  # the dense network makes no mistake here
        assert (candidate.misses == ()) == (candidate.reading.value >= 0.6 - 1e-9)
    fitting = [candidate.cost.macs for candidate in found if not candidate.misses]
    assert best.cost.macs == min(fitting) < 0.95 * opened.structure.cost({}).macs
    assert any(candidate.misses and "points of accuracy, 40 are allowed" in candidate.misses[0] for candidate in found)


def test_no_loss_at_all_still_has_an_answer(opened):
    best = verbs.last(verbs.plan(opened, {"accuracy": 0}))
    assert best.reading.value == 1.0
    assert best.misses == ()


def test_what_cannot_be_had_together_is_said(opened):
    *_, best = candidates(verbs.plan(opened, {"macs": 0.1, "accuracy": 0}))
    assert best.cost.macs <= 0.1 * opened.structure.cost({}).macs
    lost = 100 * (1 - best.reading.value)
    assert best.misses == (f"it loses {lost:.1f} points of accuracy, 0 are allowed",)


def test_single_weights_are_planned_by_what_is_not_zero(opened):
    dense = opened.structure.cost({})
    *found, _ = candidates(verbs.plan(opened, {"params": 0.3}, Mode.WEIGHTS))
    for candidate in found:
        assert candidate.cost == dense
        model = resolve(opened, candidate.recipe).pruned.model
        assert candidate.nonzero == sum(int((p != 0).sum()) for p in model.parameters()) <= 0.3 * dense.params
        assert not candidate.recipe.channels
    exchange = next(candidate for candidate in found if candidate.name == "exchange")
    assert exchange.nonzero > 0.28 * dense.params


def test_a_plan_gives_way_between_the_short_steps_of_its_scan(opened):
    assert None in list(verbs.plan_steps(opened, {"macs": 0.6}))
    assert None not in list(verbs.plan(opened, {"params": 0.6}))


def test_a_plan_stopped_and_begun_again_scans_nothing_twice(opened):
    first = verbs.plan(opened, {"macs": 0.5})
    outline, *begun = [next(first) for _ in range(6)]
    assert (outline.points, outline.known) == (27, 0)
    first.close()
    assert list(verbs.stored_points(opened)) == begun
    records = list(verbs.plan(opened, {"macs": 0.5}))
    assert records[0] == replace(outline, known=5) == replace(verbs.outline(opened, {"macs": 0.5}), known=5)
    points = [record for record in records if isinstance(record, Point)]
    assert points[:5] == begun
    assert len(points) == len({(p.name, p.level) for p in points}) == records[0].points == 3 * 9
    trials = [record for record in records if isinstance(record, Trial)]
    assert 0 < len(trials) <= trials[0].limit
    again = list(verbs.plan(opened, {"macs": 0.5}))
    assert again == [replace(outline, known=27), *records[1:]]
    assert len(records) - 2 <= outline.networks == 27 + outline.trials + outline.candidates


@pytest.mark.parametrize("targets", [{"macs": 0.6}, {"macs": 0.6, "params": 0.7, "accuracy": -30}, {"accuracy": -40}])
def test_what_is_pinned_stays_exactly_in_every_candidate(opened, targets):
    base = Recipe(channels={"conv1": 0.3, "conv2": 0.9})
    outline, *records = verbs.plan(opened, targets, base=base, pinned=["conv1", "fc1"])
    assert outline.pinned == ("conv1", "fc1")
    for candidate in candidates(records):
        assert candidate.recipe.channels.get("conv1") == 0.3  # of 8 units 5 stay; a plan of its own would write 0.375
        assert "fc1" not in candidate.recipe.channels
        assert candidate.cost == verbs.cost(opened, candidate.recipe)
        assert not any("macs" in miss or "params" in miss for miss in candidate.misses)
    assert records[-1].recipe.channels.get("conv2", 0) > 0


def test_pinned_layers_keep_their_zeros(opened):
    base = Recipe(weights={"conv2": 0.123, "fc1": 0.9})
    outline, *records = verbs.plan(opened, {"params": 0.75}, Mode.WEIGHTS, base, ["conv2", "conv1"])
    assert outline.pinned == ("conv1", "conv2")
    for candidate in candidates(records):
        assert candidate.recipe.weights.get("conv2") == 0.123
        assert "conv1" not in candidate.recipe.weights
        model = resolve(opened, candidate.recipe).pruned.model
        assert candidate.nonzero == sum(int((p != 0).sum()) for p in model.parameters())
        assert candidate.nonzero <= 0.75 * opened.structure.cost({}).params


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", ["uniform", "global", "sensitivity"])
def test_presets_leave_what_is_pinned(opened, mode, name):
    list(verbs.scan(opened, mode, criterion="l1"))
    cut = {"conv1": 0.3, "fc1": 0.9}
    base = Recipe(channels=cut, weights={**cut, "fc2": 0.5}, criterion="l1")
    found = verbs.preset(opened, name, 0.5, mode, base, ["conv1", "fc1"])
    now = getattr(found, mode.value)
    assert (now["conv1"], now["fc1"]) == (0.3, 0.9)
    assert now["conv2"] == pytest.approx(0.5, abs=0.1)  # all that is left to cut, or nearly
    other = "weights" if mode is Mode.CHANNELS else "channels"
    assert getattr(found, other) == getattr(base, other)


def test_a_global_cut_takes_the_lowest_of_what_is_not_pinned(opened):
    found = verbs.preset(opened, "global", 0.5, pinned=["conv2"])
    scores = {name: verbs.unit_scores(opened, Recipe(), name).values for name in ("conv1", "fc1")}
    ranked = sorted((value * len(values) / sum(values), name) for name, values in scores.items() for value in values)
    lowest = [name for _, name in ranked[:9]]  # half of 8 + 10
    assert dict(found.channels) == {"conv1": lowest.count("conv1") / 8, "fc1": lowest.count("fc1") / 10}


def test_a_pin_is_a_group_or_any_of_its_layers(tmp_path):
    net = make("residual")
    data = Data(split(net, 4, 1), split(net, 4, 2), None, tuple("abcd"))
    task = Task("tiny", "Tiny", net, lambda: make("residual", 5), "tests.nets:Residual", data)
    opened = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
    found = verbs.preset(opened, "uniform", 0.5, base=Recipe(channels={"stem": 0.25}), pinned=["conv2"])
    assert dict(found.channels) == {"stem": 0.25, "conv1": 0.5}
    assert verbs.preset(opened, "uniform", 0.5, pinned=["fc"]).channels == {"stem": 0.5, "conv1": 0.5}  # protected
    with pytest.raises(RecipeError, match="There is no group or layer 'stom'; did you mean stem"):
        verbs.preset(opened, "uniform", 0.5, pinned=["stom"])


def test_what_is_not_worth_pruning_stays_whole_in_every_candidate(opened):
    # fc1 reads 48 and is read by 4: cutting it to one of 10 saves 9·52 of 16,072 MACs, which is 2.9 %
    assert opened.structure.cost({}).macs == 36 * 27 * 8 + 9 * 72 * 12 + 480 + 40
    asked = {"macs": 0.5}
    for worth, spared in ((0.02, ()), (0.1, ("fc1",))):
        outline, *records = verbs.plan(opened, asked, worth=worth)
        assert outline.spared == spared
        cuts = ["fc1" in candidate.recipe.channels for candidate in candidates(records)]
        assert not any(cuts) if spared else any(cuts)
        assert all(candidate.misses == () for candidate in candidates(records))


def test_what_a_scan_has_measured_within_1_point_is_not_measured_again(opened, monkeypatch):
    targets = {"macs": 0.5}
    assert verbs.outline(opened, targets).known == 0
    points = set(verbs.scan(opened, limit=None, half_width=verbs.WITHIN))
    outline = verbs.outline(opened, targets)
    assert (outline.known, outline.points) == (27, 27)  # three groups at nine levels
    assert outline.networks == outline.trials + outline.candidates
    monkeypatch.setattr("prunekit.verbs.scanning._question", lambda *_: pytest.fail("it scans"))
    assert {record for record in verbs.plan(opened, targets) if isinstance(record, Point)} == points


def test_a_plan_measures_what_a_scan_within_1_point_has_left(opened):
    list(verbs.scanning.picture_steps(opened, limit=None, half_width=verbs.WITHIN))  # first estimates count for nothing
    scan = verbs.scan(opened, limit=None, half_width=verbs.WITHIN)
    first = {next(scan) for _ in range(5)}
    scan.close()
    assert verbs.outline(opened, {"macs": 0.5}).known == 5
    points = [record for record in verbs.plan(opened, {"macs": 0.5}) if isinstance(record, Point)]
    assert len(points) == 27
    assert first < set(points)
    assert set(verbs.stored_points(opened)) == set(points) - first  # on all samples, as without that scan


def test_the_filter_steps_aside_for_the_targets(opened):
    # conv1 alone can save 13,608 of 16,072 MACs, conv2 7,568, fc1 468
    assert verbs.outline(opened, {"macs": 0.5}, worth=0.9).spared == ("conv2", "fc1")
    assert verbs.outline(opened, {"macs": 0.15}, worth=0.9).spared == ("fc1",)
    with pytest.raises(RecipeError, match="0 to 100 %; not 500%"):
        verbs.outline(opened, {"macs": 0.5}, worth=5)


def test_criterion_multiples_and_hands_of_the_base_stay(opened):
    base = Recipe(
        channels={"conv1": 0.9},  # the plan's own to decide
        criterion="l1",
        round_to={"conv2": 4},
        keep={"conv1": (0, 1)},
        drop={"conv1": (7,)},
        weights={"fc2": 0.5},
    )
    for candidate in candidates(verbs.plan(opened, {"macs": 0.5}, base=base)):
        recipe = candidate.recipe
        same = {"criterion", "round_to", "keep", "drop", "weights"}
        assert {key: getattr(recipe, key) for key in same} == {key: getattr(base, key) for key in same}
        kept = resolve(opened, recipe).pruned.kept
        assert {0, 1} <= set(kept["conv1"])
        assert 7 not in kept["conv1"]
        assert len(kept.get("conv2", range(12))) % 4 == 0
        assert candidate.cost.macs <= opened.structure.cost({}).macs // 2


def test_weights_are_planned_behind_a_channel_cut(opened):
    base = Recipe(channels={"conv2": 0.5})
    *found, _ = candidates(verbs.plan(opened, {"params": 0.3}, Mode.WEIGHTS, base))
    limit = 0.3 * opened.structure.cost({}).params
    for candidate in found:
        assert dict(candidate.recipe.channels) == {"conv2": 0.5}
        assert candidate.nonzero <= limit
    assert max(candidate.nonzero for candidate in found) > 0.9 * limit


def test_a_recovered_run_is_planned_further(opened):
    *_, run = verbs.recover(opened, Recipe(channels={"conv1": 0.5}), epochs=1)
    *found, _ = candidates(verbs.plan(opened, {"macs": 0.3}, base=Recipe(base=run.id)))
    for candidate in found:
        assert candidate.recipe.base == run.id
        assert candidate.cost == verbs.cost(opened, candidate.recipe)
        assert candidate.cost.macs <= 0.3 * opened.structure.cost({}).macs


def test_without_train_data_and_asked_twice_nothing_in_the_task_changes(opened):
    before = digest(opened.task.model)
    bare = replace(opened, task=replace(opened.task, data=replace(opened.task.data, train=None)))
    best = verbs.last(verbs.plan(bare, {"macs": 0.5}))
    assert not best.reading.recalibrated
    assert digest(opened.task.model) == before


@pytest.mark.parametrize(
    ("targets", "mode", "message"),
    [
        ({}, Mode.CHANNELS, "A plan needs a target"),
        ({"macs": 0.001}, Mode.CHANNELS, "macs cannot fall to"),
        ({"params": 1}, Mode.WEIGHTS, None),
        ({"params": 0.01}, Mode.WEIGHTS, "params cannot fall to"),
        ({"macs": 0.5}, Mode.WEIGHTS, "Zeroed weights do not lower macs"),
    ],
)
def test_targets_out_of_reach_are_refused_before_anything_is_measured(opened, targets, mode, message):
    records = verbs.plan(opened, targets, mode)
    if message is None:
        assert isinstance(next(records), Outline)
        return
    with pytest.raises(RecipeError, match=message):
        next(records)
    assert not opened.workspace.path.exists()


def test_the_command_line_writes_a_recipe_and_says_what_it_misses(opened, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "open_task", lambda *_, **__: opened)
    out = tmp_path / "recipe.json"
    code = cli.main(["plan", "tiny", "--target", "macs=0.5", "--target", "accuracy=-100", "--out", str(out), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert Recipe.from_text(out.read_text()).to_json() == answer["best"]["recipe"]
    assert answer["targets"] == {"macs": 0.5, "accuracy": -100.0}
    promised = {"name", "recipe", "metric", "value", "n", "interval", "params", "macs", "bytes", "nonzero", "misses"}
    assert all(promised <= set(candidate) for candidate in answer["candidates"])
    code = cli.main(["plan", "tiny", "--target", "macs=0.2", "--target", "accuracy=0"])
    text = capsys.readouterr().out
    assert code == 1
    assert "points of accuracy, 0 are allowed; selected on this split: optimistic" in text


def test_the_command_line_pins_and_spares(opened, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(verbs, "open_task", lambda *_, **__: opened)
    start = tmp_path / "start.json"
    start.write_text(Recipe(channels={"conv1": 0.25}).to_text())
    arguments = ["plan", "tiny", "--target", "macs=0.6", "--recipe", str(start), "--pin", "conv1", "--worth", "10"]
    assert cli.main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["pinned"], answer["spared"]) == (["conv1"], ["fc1"])
    assert all(candidate["recipe"]["channels"]["conv1"] == 0.25 for candidate in answer["candidates"])
    assert cli.main(arguments) == 0
    assert "not worth pruning, so whole: fc1" in capsys.readouterr().out
    assert cli.main(["plan", "tiny", "--target", "macs=0.6", "--pin", "conv9"]) == 2
    assert "There is no group or layer 'conv9'" in capsys.readouterr().err
