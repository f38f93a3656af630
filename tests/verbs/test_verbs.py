import json
from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.errors import RecipeError, TaskError
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Mode, Run
from prunekit.recover.schedule import Schedule
from prunekit.subject.base import base_of
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest

CUT = Recipe(channels={"conv1": 0.5, "stem": 0.34}, weights={"fc": 0.5})


def test_the_formula_counts_the_network_that_is_measured(opened):
    recipe = verbs.check(opened, CUT)
    evaluation = verbs.last(verbs.evaluate(opened, recipe))
    model = resolve(opened, recipe).pruned.model
    assert verbs.cost(opened, recipe) == evaluation.cost
    assert evaluation.cost.params == sum(p.numel() for p in model.parameters())
    # stem keeps ⌊6·0.66⌋ = 3 of 6, conv1 4 of 8; fc zeroes all but ⌊24·0.5⌋ = 12 of 24, and 3·4 = 12 are left
    assert (model.stem.out_channels, model.conv1.out_channels, int((model.fc.weight == 0).sum())) == (3, 4, 0)
    assert evaluation.nonzero == evaluation.cost.params


def test_an_evaluation_holds_the_whole_contract(opened):
    answer = verbs.last(verbs.evaluate(opened, CUT)).to_json()
    promised = """metric value correct n interval loss kl split status params macs flops macs_thop macs_thop_missing
    bytes bytes_gzip recalibrated value_raw""".split()
    assert set(promised) <= set(json.loads(json.dumps(answer)))
    assert answer["flops"] == 2 * answer["macs"]
    assert (answer["n"], answer["split"], answer["recalibrated"]) == (60, "validation", True)
    assert answer["value"] == answer["correct"] / 60


def test_a_network_that_is_not_cut_is_not_calibrated_either(opened):
    evaluation = verbs.last(verbs.evaluate(opened, Recipe()))
    assert evaluation.reading.value_raw is None
    assert evaluation.reading.kl == pytest.approx(0, abs=1e-9)


def test_without_recalibration_a_note_says_so(opened):
    evaluation = verbs.last(verbs.evaluate(opened, replace(CUT, recalibrate=False)))
    assert not evaluation.reading.recalibrated
    assert any("recalibrate" in note for note in evaluation.notes)


def test_counts_understand_any_layer_of_a_group_and_refuse_what_there_is_not(opened):
    by_member, by_group = Recipe(channels={"conv2": 0.5}), verbs.check(opened, Recipe(channels={"stem": 0.5}))
    # stem 3·3·9, conv1 8·3·9, conv2 3·8·9, BatchNorms of 3, 8 and 3, fc 4·3 + 4
    assert verbs.cost(opened, by_member).params == 81 + 216 + 216 + 28 + 16
    assert verbs.layer_costs(opened, by_member) == verbs.layer_costs(opened, by_group)
    for count in (verbs.cost, verbs.layer_costs):
        with pytest.raises(RecipeError, match="nope"):
            count(opened, Recipe(channels={"nope": 0.5}))


def test_what_a_cut_leaves_for_the_other_bars(opened):
    half = Recipe(channels={"stem": 0.5}, drop={"conv1": (0, 3)})
    # stem keeps ⌊6 · 0.5⌋ = 3 units, which conv1 reads and conv2 answers; conv1 loses 2 of 8 by hand.
    assert verbs.weights_left(opened, half) == {
        "stem": 3 * 3 * 9,
        "conv1": 6 * 3 * 9,
        "conv2": 3 * 6 * 9,
        "fc": 4 * 3,
    }
    assert verbs.available_units(opened, half) == {"conv1": 6}


def test_asking_changes_nothing_in_the_task(opened):
    before = digest(opened.task.model)
    verbs.last(verbs.evaluate(opened, CUT))
    verbs.last(verbs.recover(opened, CUT, epochs=1))
    verbs.last(verbs.scan(opened))
    assert digest(opened.task.model) == before


def test_a_recovered_run_is_a_base_that_gives_its_own_network_back(opened):
    *epochs, run = verbs.recover(opened, CUT, epochs=2)
    assert isinstance(run, Run)
    assert all(isinstance(epoch, Epoch) for epoch in epochs)
    again = replace(verbs.check(opened, CUT), base=run.id)
    evaluation = verbs.last(verbs.evaluate(opened, again))
    assert evaluation.reading.correct == run.readings[0].correct
    assert not evaluation.reading.recalibrated
    model = resolve(opened, again).pruned.model
    assert verbs.cost(opened, again) == run.cost
    assert opened.workspace.head(opened.key) == run
    kept = list(resolve(opened, again).pruned.kept["stem"])
    assert not torch.equal(model.bn0.bias, opened.task.model.bn0.bias[kept])  # it was trained


def test_a_child_keeps_a_subset_of_its_base(opened):
    *_, run = verbs.recover(opened, CUT, epochs=1)
    child = replace(CUT, base=run.id, channels={"conv1": 0.75, "stem": 0.34})
    base = base_of(opened, run.id)
    kept = resolve(opened, verbs.check(opened, child)).pruned.kept
    assert len(kept["conv1"]) == 2
    assert set(kept["conv1"]) < set(base.allowed["conv1"])
    assert kept["stem"] == base.allowed["stem"]


def test_a_recovery_stopped_early_keeps_the_best_so_far(opened):
    records = verbs.recover(opened, CUT, epochs=50)
    next(records)
    records.close()
    run = opened.workspace.head(opened.key)
    assert run.weights is not None
    assert run.readings[0].n == 60


def test_recovery_needs_train_data(opened):
    data = replace(opened.task.data, train=None)
    without = replace(opened, task=replace(opened.task, data=data))
    with pytest.raises(TaskError, match="needs train data"):
        verbs.last(verbs.recover(without, CUT))


@pytest.mark.parametrize("mode", Mode)
def test_a_scan_stopped_and_resumed_has_every_cell_once(opened, mode):
    total = verbs.scan_size(opened, mode)
    # 2 prunable groups; 4 layers
    assert total == 9 * {Mode.CHANNELS: 2, Mode.WEIGHTS: 4}[mode]
    first = verbs.scan(opened, mode)
    begun = [next(first) for _ in range(5)]
    first.close()
    resumed = list(verbs.scan(opened, mode))
    assert resumed[:5] == begun
    assert len({(point.name, point.level) for point in resumed}) == len(resumed) == total
    assert list(verbs.scan(opened, mode)) == resumed


def test_a_scan_with_another_criterion_is_another_scan(opened):
    list(verbs.scan(opened, levels=(0.5,)))
    assert len(verbs.stored_points(opened)) == 2
    assert verbs.stored_points(opened, criterion="l1") == ()


def test_what_says_most_of_a_cell_speaks_for_it(opened):
    n = len(opened.task.data.validation)
    few = verbs.last(verbs.scan(opened, levels=(0.5,), limit=3))
    cell = few.name, few.level

    def known(limit=3, half_width=None, pictures=False):
        found = verbs.stored_points(opened, limit=limit, half_width=half_width, pictures=pictures)
        return {(point.name, point.level): point.reading for point in found}

    assert known()[cell].n == 3
    assert known(limit=None) == {}  # the first few samples do not answer for all
    list(verbs.picture_steps(opened, levels=(0.5, 0.9), limit=None, half_width=verbs.WITHIN))
    assert known(half_width=verbs.WITHIN)[cell].n == 3  # a first estimate gives way to what was measured
    assert {level for _, level in known(half_width=verbs.WITHIN, pictures=True)} == {0.5, 0.9}
    assert {level for _, level in known(half_width=verbs.WITHIN)} == {0.5}
    list(verbs.scan(opened, levels=(0.5,), limit=None))
    assert known()[cell].n == n > 3  # all samples answer for the first few
    assert list(verbs.scan(opened, levels=(0.5,), limit=3)) == list(verbs.stored_points(opened, limit=3))


def test_the_sensitivity_preset_goes_by_a_scan_of_the_usual_precision(opened):
    list(verbs.scan(opened, limit=None, half_width=verbs.WITHIN))
    assert len(verbs.known_points(opened)) == verbs.scan_size(opened)
    assert verbs.preset(opened, "sensitivity", 0.5).channels


def test_presets_keep_the_other_mode_and_reach_their_target(opened):
    base = Recipe(weights={"fc": 0.3}, criterion="l1")
    recipe = verbs.preset(opened, "uniform", 0.5, base=base)
    assert dict(recipe.channels) == {"stem": 0.5, "conv1": 0.5}
    assert dict(recipe.weights) == {"fc": 0.3}
    spread = verbs.preset(opened, "global", 0.5)
    gone = sum(round(spread.channels.get(g.name, 0) * g.units) for g in opened.structure.prunable)
    assert gone == 7  # half of 6 + 8 units
    with pytest.raises(RecipeError, match="run a scan first"):
        verbs.preset(opened, "sensitivity", 0.5)
    list(verbs.scan(opened))
    guided = verbs.preset(opened, "sensitivity", 0.5)
    assert verbs.cost(opened, guided).macs <= verbs.cost(opened, recipe).macs


def test_wrong_questions_get_one_clear_sentence(opened):
    with pytest.raises(RecipeError, match="There is no split 'val'; did you mean validation"):
        verbs.last(verbs.evaluate(opened, CUT, "val"))
    with pytest.raises(RecipeError, match="written for task 'other'; this is 'tiny'"):
        verbs.check(opened, Recipe(task="other"))
    with pytest.raises(RecipeError, match="Unknown preset 'unifrom'; did you mean uniform"):
        verbs.preset(opened, "unifrom", 0.5)
    reading = verbs.last(verbs.evaluate(opened, CUT)).reading
    parent = verbs.commit(opened, CUT, verbs.cost(opened, CUT), reading, None)
    with pytest.raises(RecipeError, match="has no weights of its own"):
        verbs.check(opened, replace(CUT, base=parent.id))


def test_scores_and_histograms_describe_the_same_cut(opened):
    scores = verbs.unit_scores(opened, CUT, "conv2")
    assert (scores.group, len(scores.values), len(scores.kept)) == ("stem", 6, 3)
    removed = [scores.values[unit] for unit in range(6) if unit not in scores.kept]
    assert max(removed) <= min(scores.values[unit] for unit in scores.kept)
    dense = {h.layer: h.n for h in verbs.histograms(opened)}
    cut = {h.layer: h.n for h in verbs.histograms(opened, CUT)}
    assert (dense["conv1"], cut["conv1"]) == (8 * 6 * 9, 4 * 3 * 9)


def test_inspect_holds_the_whole_contract(opened):
    found = json.loads(json.dumps(verbs.inspect(opened)))
    assert set(found) >= {"task", "params", "macs", "flops", "bytes", "layers", "groups", "blocks", "unknown_ops"}
    stem = next(group for group in found["groups"] if group["name"] == "stem")
    assert (stem["kind"], stem["units"], stem["layers"], stem["protected"]) == ("channel", 6, ["stem", "conv2"], None)
    assert {"tensor": "stem.weight", "dim": 0} in stem["members"]


def test_a_reconstruction_is_a_run_without_training(opened):
    *fitted, run = verbs.reconstruct(opened, CUT)
    assert [record.layer for record in fitted] == ["conv1", "conv2"]  # fc has zeros that stay
    assert (fitted[-1].done, run.label) == (len(fitted), "reconstructed")
    again = verbs.last(verbs.evaluate(opened, replace(verbs.check(opened, CUT), base=run.id))).reading
    assert again.correct == run.readings[0].correct


def test_what_a_repair_reads_is_the_network_that_a_reconstruction_keeps(opened):
    *fitted, reading = verbs.repair(opened, CUT)
    assert [record.layer for record in fitted[:2]] == ["conv1", "conv2"]
    assert not verbs.history(opened)
    *_, run = verbs.reconstruct(opened, CUT)
    assert replace(reading, recipe="") == replace(run.readings[0], recipe="")


def test_a_reconstruction_of_nothing_is_refused_and_fitting_first_is_then_fine_tuning(opened):
    for nothing in (Recipe(), Recipe(weights={"conv1": 0.5})):
        with pytest.raises(RecipeError, match="recipe leaves none"):
            verbs.last(verbs.reconstruct(opened, nothing))
    assert not verbs.history(opened)
    schedule = Schedule(epochs=1, fit_first=True)
    *_, run = verbs.recover(opened, Recipe(weights={"conv1": 0.5}), schedule=schedule)
    assert run.label == "recovered"
