import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from prunekit import verbs
from prunekit.cut.precision import Precision
from prunekit.errors import RecipeError, TaskError, WorkspaceError
from prunekit.graph import named_tensors
from prunekit.quantize.codes import quantize
from prunekit.recipe import Recipe
from prunekit.records import Check, Epoch, Run
from prunekit.recover.schedule import Schedule
from prunekit.subject.subject import resolve
from prunekit.verbs.recovering import recover

RECIPE = Recipe(
    channels={"conv1": 0.5, "stem": 0.34},
    weights={"conv2": 0.4},
    bits={"stem": 16, "conv1": 3, "conv2": 1, "fc": 6},
)


def test_the_quick_way_measures_the_quantised_network(opened):
    quick = verbs.last(verbs.evaluate(opened, RECIPE)).reading
    slow = verbs.last(verbs.evaluate(opened, RECIPE, quick=False)).reading
    assert quick.loss == pytest.approx(slow.loss, rel=1e-4)
    assert quick.loss != pytest.approx(verbs.last(verbs.evaluate(opened, replace(RECIPE, bits={}))).reading.loss)


def test_what_is_measured_has_so_few_values_and_its_zeros(opened):
    pruned = resolve(opened, verbs.check(opened, RECIPE)).pruned
    weights = dict(named_tensors(pruned.model))
    assert torch.equal(weights["conv2.weight"] != 0, pruned.masks["conv2.weight"])
    assert {len(row[row > 0].unique()) for row in weights["conv2.weight"].abs().flatten(1)} == {1}
    assert torch.equal(weights["conv1.weight"], quantize(weights["conv1.weight"], Precision(3, 0)))
    assert verbs.cost(opened, verbs.check(opened, RECIPE)) == pruned.cost
    evaluation = verbs.last(verbs.evaluate(opened, RECIPE))
    assert evaluation.cost.bytes == pruned.cost.bytes < opened.structure.cost({}).bytes / 2


def test_rounded_inputs_are_measured_by_the_networks_own_pass(opened):
    plain, rounded = (replace(RECIPE, activation_bits=bits) for bits in (None, 8))
    network = resolve(opened, verbs.check(opened, rounded)).pruned
    assert set(network.levels) == set(RECIPE.bits)
    first, second = (verbs.last(verbs.evaluate(opened, recipe)).reading for recipe in (plain, rounded))
    assert first.loss != second.loss
    assert first.loss == pytest.approx(second.loss, abs=0.2)


def test_an_export_of_few_bits_loads_to_the_bit(opened, tmp_path):
    recipe = replace(RECIPE, activation_bits=8)
    *steps, files = verbs.export(opened, recipe, tmp_path / "out")
    assert all(file.proof.ok for file in files)
    checks = {step.name: step.detail for step in steps if isinstance(step, Check)}
    cost = verbs.cost(opened, verbs.check(opened, recipe))
    assert checks["bytes"] == f"{cost.bytes:,} bytes of packed tensors, displayed {cost.bytes:,}."
    scope = {"__file__": str(tmp_path / "out" / "load_tiny.py"), "__name__": "load_tiny"}
    exec((tmp_path / "out" / "load_tiny.py").read_text(), scope)
    measured = resolve(opened, verbs.check(opened, recipe)).pruned.model
    expected = dict(named_tensors(measured))
    for name, tensor in named_tensors(scope["load"]()):
        assert torch.equal(tensor, expected[name]), name
    with safe_open(tmp_path / "out" / "tiny.safetensors", framework="pt") as file:
        assert {entry[0]: entry[2] for entry in json.loads(file.metadata()["few_bits"])} == {
            "stem.weight": 16,
            "conv1.weight": 3,
            "conv2.weight": 2,  # binary with zeros
            "fc.weight": 6,
        }


@pytest.mark.parametrize("activations", [None, 8])
def test_a_recovered_run_keeps_masks_and_bits(opened, activations):
    recipe = replace(RECIPE, activation_bits=activations)
    *_, run = verbs.recover(opened, recipe, epochs=1)
    assert isinstance(run, Run)
    again = replace(verbs.check(opened, recipe), base=run.id)
    evaluation = verbs.last(verbs.evaluate(opened, again))
    assert evaluation.reading.correct == run.readings[0].correct
    assert evaluation.reading.loss == pytest.approx(run.readings[0].loss, rel=1e-4)
    assert not evaluation.reading.recalibrated
    assert evaluation.cost == run.cost
    pruned = resolve(opened, again).pruned
    assert torch.equal(pruned.model.conv2.weight != 0, pruned.masks["conv2.weight"])
    # What is trained stays precise: other bits start from the weights themselves.
    precise = resolve(opened, replace(again, bits={})).pruned.model
    assert len(precise.conv1.weight.unique()) > 7 * len(precise.conv1.weight)
    assert verbs.last(verbs.evaluate(opened, replace(again, bits={"conv1": 2}))).reading.recalibrated
    # A recovery of it that is stopped at once leaves it as it is.
    records = verbs.recover(opened, again, epochs=1)
    next(records)
    records.close()
    kept = verbs.history(opened)[-1]
    assert kept.readings[0].loss == pytest.approx(run.readings[0].loss, rel=1e-6)


def test_a_killed_recovery_goes_on_to_the_same_bits(opened, tmp_path, monkeypatch):
    schedule = Schedule(epochs=3, batch=32, distil=0.5)
    recipe = verbs.check(opened, RECIPE)
    whole = list(recover(opened, recipe, schedule=schedule))
    expected = resolve(opened, replace(recipe, base=whole[-1].id)).pruned.model

    other = replace(opened, workspace=type(opened.workspace)(tmp_path / "other"))
    records = recover(other, recipe, schedule=schedule)
    while next(records).reading is None:
        pass
    monkeypatch.setattr("prunekit.verbs.recovering._store", lambda *_: None)  # as if it had been killed
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: None)
    records.close()
    monkeypatch.undo()

    rest = list(recover(other, recipe, schedule=schedule))
    assert [record.epoch for record in rest[:-1] if record.reading] == [2.0, 3.0]
    found = resolve(other, replace(recipe, base=rest[-1].id)).pruned.model
    for (name, tensor), (_, wanted) in zip(named_tensors(found), named_tensors(expected), strict=True):
        assert torch.equal(tensor, wanted), name
    assert not list((tmp_path / "other" / "recoveries").iterdir())


def test_killed_rounds_go_on_with_the_round_under_way(opened, tmp_path, monkeypatch):
    recipe, schedule = verbs.check(opened, RECIPE), Schedule(epochs=1, batch=32)
    *_, last = verbs.recover_in_rounds(opened, recipe, 2, schedule)
    expected = resolve(opened, replace(recipe, base=last.id)).pruned.model

    other = replace(opened, workspace=type(opened.workspace)(tmp_path / "other"))
    records = verbs.recover_in_rounds(other, recipe, 2, schedule)
    first = next(record for record in records if isinstance(record, Run))
    assert next(records).share > 0.5
    monkeypatch.setattr("prunekit.verbs.rounds.forget", lambda *_: None)  # as if it had been killed
    records.close()
    monkeypatch.undo()

    (left,) = verbs.unfinished(other)
    assert (left.recipe, left.schedule, left.rounds, left.done) == (recipe, schedule, 2, (first.id,))
    (run,) = [record for record in verbs.recover_in_rounds(other, recipe, 2, schedule) if isinstance(record, Run)]
    assert run.parent == first.id
    found = resolve(other, replace(recipe, base=run.id)).pruned.model
    for (name, tensor), (_, wanted) in zip(named_tensors(found), named_tensors(expected), strict=True):
        assert torch.equal(tensor, wanted), name
    assert verbs.unfinished(other) == ()


def test_a_killed_recovery_that_is_given_up_leaves_nothing_behind(opened, monkeypatch):
    records = verbs.recover_in_rounds(opened, RECIPE, 2, Schedule(epochs=2, batch=32))
    while (record := next(records)) and not (isinstance(record, Epoch) and record.round == 2 and record.reading):
        pass
    monkeypatch.setattr("prunekit.verbs.recovering._store", lambda *_: None)  # as if it had been killed
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: None)
    records.close()
    monkeypatch.undo()
    folder = opened.workspace.path / "recoveries"
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    (left,) = verbs.unfinished(opened)
    verbs.forget(opened, left)
    assert not list(folder.iterdir())


def test_a_recovery_that_a_person_stops_or_that_cannot_be_is_not_offered_again(opened):
    records = verbs.recover_in_rounds(opened, RECIPE, 2, Schedule(epochs=1, batch=32))
    next(records)
    assert len(verbs.unfinished(opened)) == 1
    records.close()
    assert verbs.unfinished(opened) == ()
    without = replace(opened, task=replace(opened.task, data=replace(opened.task.data, train=None)))
    with pytest.raises(TaskError, match="needs train data"):
        next(verbs.recover_in_rounds(without, RECIPE, 1, Schedule()))
    assert verbs.unfinished(without) == ()


@pytest.mark.parametrize("based", [False, True])
def test_a_recovery_whose_parent_is_deleted_meanwhile_continues_what_is_left(opened, based):
    recipe, schedule = verbs.check(opened, Recipe(channels={"conv1": 0.5})), Schedule(epochs=1, batch=32)
    if based:
        *_, base = verbs.recover(opened, recipe, schedule=schedule)
        recipe = replace(recipe, base=base.id, channels={"conv1": 0.75})
    cut = verbs.commit(opened, recipe, verbs.cost(opened, recipe), None, recipe.base)
    records = verbs.recover_in_rounds(opened, recipe, 1, schedule, cut.id)
    next(records)
    opened.workspace.delete(cut.id)
    *_, run = records
    assert verbs.history(opened)[-1] == run
    assert run.parent == recipe.base
    assert verbs.unfinished(opened) == ()


def test_a_recovery_that_cannot_be_stored_can_be_gone_on_with_and_leaves_no_weights(opened, monkeypatch):
    def full(*_):
        raise WorkspaceError("no space left")

    asked = verbs.check(opened, RECIPE), 1, Schedule(epochs=1, batch=32)
    monkeypatch.setattr("prunekit.store.runs.add", full)
    with pytest.raises(WorkspaceError, match="no space left"):
        list(verbs.recover_in_rounds(opened, *asked))
    monkeypatch.undo()
    assert not list((opened.workspace.path / "weights").iterdir())
    (left,) = verbs.unfinished(opened)
    (run,) = verbs.recover_in_rounds(opened, left.recipe, left.rounds, left.schedule)  # no pass has to be made again
    assert verbs.history(opened) == (run,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"bits": {"conv1": 5}}, "Bits are one of 16, 8, 6, 4, 3, 2, 1; layer 'conv1' has 5."),
        ({"bits": {"conv1": True}}, "layer 'conv1' has True"),
        ({"activation_bits": 4}, "activation_bits is 8 or null; the recipe has 4."),
        ({"weights": {"conv1": "4:2"}}, "A pattern is N:M, such as 2:4"),
        ({"blocks": [1]}, "blocks lists names of blocks"),
        ({"bits": {"conv9": 4}}, "There is no layer 'conv9'; did you mean conv2, conv1"),
    ],
)
def test_what_cannot_be_asked_is_refused(opened, data, message):
    with pytest.raises(RecipeError, match=message):
        verbs.check(opened, Recipe.from_json(data))
