"""Every verb returns its result, and what it returns is the person's own."""

import threading
from contextlib import nullcontext
from html.parser import HTMLParser

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.errors import RecipeError, WorkspaceError
from prunekit.face.opening import open as open_desk
from prunekit.face.run import Run
from prunekit.recipe import Recipe
from prunekit.records import Comparison, Evaluation, Latency, Point, Proof, Removal, Timing
from prunekit.recover.schedule import Schedule
from prunekit.verbs import scanning
from tests.nets import Residual, make
from tests.samples import pair

CUT = Recipe(channels={"conv1": 0.5})


def accuracy(model, x, y) -> int:
    mode = model.training
    model.eval()
    with torch.no_grad():
        right = int((model(x).argmax(1) == y).sum())
    model.train(mode)
    return right


def test_the_smaller_network_is_what_was_measured(desk):
    pruned = desk.prune(CUT)
    assert type(pruned.model) is Residual
    assert (pruned.model.conv1.out_channels, pruned.model.conv2.in_channels) == (4, 4)
    assert list(dict(pruned.model.named_parameters())) == list(dict(make("residual").named_parameters()))
    assert accuracy(pruned.model, *pair(60, 1)) == desk.evaluate(CUT).reading.correct
    assert pruned.evaluation.cost.params == sum(p.numel() for p in pruned.model.parameters())


def test_the_smaller_network_comes_back_as_the_person_left_theirs(workspace):
    model = make("residual").train()
    model.bn1.eval()
    model.stem.weight.requires_grad_(False)
    desk = open_desk(model, validation=pair(60, 1), train=pair(60, 2), workspace=workspace)
    small = desk.prune({"channels": {"conv1": 0.5, "stem": 0.5}}).model
    assert {path: module.training for path, module in small.named_modules()} == {
        path: module.training for path, module in model.named_modules()
    }
    assert {name: p.requires_grad for name, p in small.named_parameters()} == {
        name: p.requires_grad for name, p in model.named_parameters()
    }


def test_training_the_smaller_network_changes_no_reading(desk):
    pruned = desk.prune(CUT)
    before = desk.evaluate(CUT).reading
    x, y = pair(60, 2)
    optimizer = torch.optim.SGD(pruned.model.parameters(), 0.5)
    start = pruned.model.fc.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(pruned.model(x), y).backward()
        optimizer.step()
    assert not torch.equal(pruned.model.fc.weight, start)
    after = desk.evaluate(CUT).reading
    assert (after.correct, after.loss) == (before.correct, before.loss)
    assert torch.equal(desk.prune(CUT).model.fc.weight, start)


def test_recovery_returns_a_run_that_stays(desk):
    run = desk.recover(CUT, epochs=1)
    assert isinstance(run, Run)
    assert [past.id for past in desk.history()] == [run.id]
    assert accuracy(run.model, *pair(60, 1)) == run.evaluation.reading.correct == run.record.readings[-1].correct
    assert desk.evaluate(run).reading.correct == run.evaluation.reading.correct
    assert run.recipe.base == run.id


def test_epochs_beside_a_schedule_are_refused(desk):
    with pytest.raises(RecipeError, match="trains 2 epochs, and epochs=7 is given beside it"):
        desk.recover(CUT, epochs=7, schedule=Schedule(lr=0.01))
    assert desk.history() == []


def test_ctrl_c_keeps_the_best_so_far(desk, monkeypatch):
    reached = threading.Event()
    original = desk.opened.workspace.write_file

    def write(*args):
        original(*args)
        reached.set()  # an epoch is on disk

    monkeypatch.setattr(desk.opened.workspace, "write_file", write)

    def interrupt(done, record):
        if reached.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr("prunekit.face.work.bar", lambda *_: nullcontext(interrupt))
    with pytest.raises(KeyboardInterrupt):
        desk.recover(CUT, epochs=10_000)
    (run,) = desk.history()
    assert run.record.weights is not None


def test_a_script_measures_while_long_work_is_under_way(desk):
    measured = threading.Event()

    def until_measured():
        while not measured.is_set():
            yield None

    job = worker().job("somebody", "a recovery", until_measured)
    reading = desk.evaluate(CUT).reading
    assert not job.finished
    measured.set()
    job.wait()
    assert reading.n == 60


def test_what_the_work_raises_is_raised_as_it_is(desk):
    with pytest.raises(RecipeError, match="There is no split 'nonsense'"):
        desk.evaluate(CUT, split="nonsense")
    with pytest.raises(RecipeError, match="conv9"):
        desk.prune({"channels": {"conv9": 0.5}})
    with pytest.raises(RecipeError, match="Unknown recipe key 'channel'; did you mean channels"):
        desk.evaluate({"channel": {}})
    with pytest.raises(WorkspaceError):
        desk.compare(None, "0123456789ab")


def test_own_errors_keep_their_class(workspace):
    class Odd(Residual):
        def forward(self, x):
            if self.training:
                raise ZeroDivisionError("odd")
            return super().forward(x)

    x, y = pair(30, 1)
    desk = open_desk(Odd().eval(), validation=(x, y), train=(x, y), workspace=workspace)
    with pytest.raises(ZeroDivisionError, match="odd"):
        desk.recover(CUT, epochs=1)


def test_a_plan_is_a_recipe_that_meets_its_targets(desk):
    dense = desk.inspect()["macs"]
    half = desk.plan(macs=0.5)
    assert isinstance(half, Recipe)
    assert verbs.cost(desk.opened, half).macs <= dense / 2
    with pytest.raises(RecipeError, match="'macs' is given twice"):
        desk.plan({"macs": 0.5}, macs=0.4)
    with pytest.raises(RecipeError, match="Unknown kind 'channel'; did you mean channels"):
        desk.plan(macs=0.5, kind="channel")
    with pytest.raises(RecipeError, match="Bits are planned to a byte budget"):
        desk.plan(macs=0.5, kind="bits")


def test_a_scan_of_each_kind(desk):
    points = desk.scan(levels=(0.5,), workers=1)
    groups = [group.name for group in desk.opened.structure.groups if group.protected is None]
    assert [(type(point), point.level) for point in points] == [(Point, 0.5)] * len(groups)
    assert {point.name for point in points} == set(groups)
    assert all(isinstance(removal, Removal) for removal in desk.scan("blocks"))
    assert {point.level for point in desk.scan("bits", levels=(8,))} == {8.0}
    with pytest.raises(RecipeError, match="A scan of blocks does not go by levels"):
        desk.scan("blocks", levels=(0.5,))
    assert len(points) == scanning.scan_size(desk.opened, levels=(0.5,))


def test_check_and_compare_return_their_results(desk):
    proofs = desk.check()
    assert {proof.group for proof in proofs} == {group.name for group in desk.opened.structure.groups}
    assert all(isinstance(proof, Proof) and (proof.exact or proof.protected) for proof in proofs)
    run = desk.recover(CUT, epochs=1)
    comparison = desk.compare(None, run)
    assert isinstance(comparison, Comparison)
    assert (comparison.a, comparison.b) == (None, run.id)
    assert f"{run.id}: accuracy" in repr(comparison)


def test_latency_returns_the_last_of_its_records(desk, monkeypatch):
    dense = Timing(0.002, (0.002, 0.002), 0.002, (0.002, 0.002))
    smaller = Timing(0.001, (0.001, 0.001), 0.001, (0.001, 0.001))
    records = [Latency("", 8, 1, rounds, dense, smaller, "cpu", 2.0, (1.9, 2.1)) for rounds in (6, 7)]
    monkeypatch.setattr(verbs, "latency", lambda *_: iter(records))
    assert desk.latency(CUT, batch=8) is records[-1]
    assert repr(records[-1]).startswith(
        "faster: 2.00 times as fast, 95 % interval 1.90 to 2.10 by cpu time; 2 ms dense"
    )


@pytest.mark.slow  # every file is proven in a process of its own
def test_an_export_returns_its_files_with_their_proofs(desk, tmp_path):
    files = desk.prune(CUT).export(tmp_path / "out")
    assert {file.path for file in files} >= {str(tmp_path / "out" / "recipe.json")}
    assert all("checks passed" in repr(file) and file.proof.ok for file in files)
    assert desk.verify(tmp_path / "out").ok


class _Cells(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_an_evaluation_says_what_it_is(desk):
    evaluation = desk.evaluate(CUT)
    reading = evaluation.reading
    assert isinstance(evaluation, Evaluation)
    first, *lines = str(evaluation).splitlines()
    assert first.startswith(f"accuracy {reading.correct / 60:.2%}  {reading.correct}/60 validation, 95 % interval")
    assert f"parameters: {evaluation.cost.params:,} ({evaluation.nonzero:,} not zero)" in lines
    cells = _Cells(evaluation._repr_html_())
    assert cells.tags.count("tr") >= 5
    assert first in cells.text


def test_desk_and_runs_say_what_they_are(desk):
    assert "60 validation, 128 train, 40 test" in repr(desk)
    assert "copy of a Residual in memory, on the CPU and in eval mode" in repr(desk)
    assert "60 validation, 128 train, 40 test" in _Cells(desk._repr_html_()).text
    pruned = desk.prune(CUT)
    assert repr(pruned) == "Pruned residual: not measured; ask for its evaluation"
    assert str(pruned.evaluation) in repr(pruned)
    run = desk.recover(CUT, epochs=1)
    assert repr(run).startswith(f"Run {run.id} recovered: accuracy ")
    assert "60 validation" in repr(run)


def test_a_workspace_below_the_working_folder_is_named_from_there(desk, monkeypatch):
    path = desk.opened.workspace.path
    assert f"workspace: {path}\n" in repr(desk)
    monkeypatch.chdir(path.parent)
    assert f"workspace: {path.name}\n" in repr(desk)
    assert str(path) not in desk._repr_html_()


def test_the_smaller_network_can_be_opened_in_its_turn(desk):
    small = desk.prune(CUT).model
    again = open_desk(small, validation=pair(60, 1), name="small", workspace=desk.opened.workspace.path)
    assert isinstance(small, nn.Module)
    assert again.evaluate().reading.correct == desk.evaluate(CUT).reading.correct
