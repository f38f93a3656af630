import json
from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.records import Cost, Reading, Run, Status
from prunekit.ui.compare.flips import PAGE
from prunekit.ui.navigation import FOLDER
from prunekit.ui.state import jobs
from tests.ui.conftest import desk, settle

STEPS = ({"conv1": 0.25}, {"conv1": 0.25, "layer2.0.conv1": 0.5}, {"conv1": 0.25, "layer3.0.conv1": 0.75})


@pytest.fixture
def opened(workspace):
    return verbs.open_task("resnet8", workspace)


@pytest.fixture
def fork(opened):
    """Three runs, measured in no time, of which the first has the two others as children; the last is on the desk."""
    runs = []
    for channels in STEPS:
        recipe = Recipe("resnet8", channels=channels)
        reading = Reading("accuracy", 0.9, 1000, 900, (0.88, 0.92), 0.3, 0.1, "validation", Status.MEASURED,
                          recipe.digest)  # fmt: skip
        runs.append(verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, runs[0].id if runs else None))
    return runs


def button(app, label):
    return next(found for found in app.button if found.label == label)


def field(found, label):
    return next(one for one in found if one.label == label)


def metric(app, label):
    return next(found for found in app.metric if found.label.startswith(label))


TREE, TRADEOFF, BARS = "Which run came from which?", "Which run gives the most", "Which bars stand differently?"


def figure(app, question):
    found = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(made for made in found if made["layout"]["title"]["text"].startswith(question))


def picker(app, label):
    return next(found for found in app.selectbox if found.label == label)


def pick(app, run):
    picker(app, "Run").set_value(run.id).run()
    return settle(app)


def test_an_empty_history_says_what_to_do(visit):
    app = visit("compare")
    assert any(info.value.startswith("There is no run yet") for info in app.info)
    assert [link.proto.label for link in app.get("page_link")] == ["Move a bar on the desk"]


def test_the_page_opens_on_the_desks_run_beside_the_dense_network(visit, opened, fork):
    app = visit("compare")
    run = fork[2]
    assert picker(app, "Run").value == run.id
    assert metric(app, "Parameters").value == f"{run.cost.params / 1e3:.1f} k"
    found = verbs.last(verbs.compare(opened, None, run.id))
    before, after = (f"{100 * evaluation.reading.value:.1f} %" for evaluation in found.evaluations)
    assert any(tile.value == after and str(tile.delta).endswith(f"points from {before}") for tile in app.metric)
    assert len(app.get("image")) == min(PAGE, len(found.flips)) > 0
    told = next(caption.value for caption in app.caption if caption.value.startswith("Measured on the same"))
    assert f"{found.fixed:,} only" in told
    assert f"{found.broken:,} only" in told


def test_another_pair_is_measured_on_the_worker_and_shown(visit, opened, fork):
    app = visit("compare")
    picker(app, "First").set_value(fork[0].id).run()
    picker(app, "Second").set_value(fork[1].id).run()
    app = settle(app)
    assert "difference" in desk(app).questions
    traces = {trace["name"]: trace for trace in figure(app, BARS)["data"] if trace.get("name")}
    names = [f"run {run.id[:6]}" for run in fork[:2]]
    assert {name: list(trace["x"]) for name, trace in traces.items()} == {names[0]: [0], names[1]: [50]}
    picker(app, "Second").set_value(fork[0].id).run()
    assert any(info.value.startswith("These are the same network") for info in app.info)


def test_a_run_put_on_the_desk_brings_its_bars_and_undo_goes_on_from_there(visit, opened, fork):
    app = pick(visit("compare"), fork[1])
    button(app, "Put on the desk").click().run()
    app = settle(app)
    assert desk(app).recipe == fork[1].recipe
    assert opened.workspace.head(opened.key).id == fork[1].id
    assert len(verbs.history(opened)) == 3  # it is the run, not a new one
    assert button(app, "On the desk").disabled
    app.switch_page(str(FOLDER / "tune.py"))
    app = settle(app)
    button(app, "Undo").click().run()
    assert desk(app).recipe == fork[0].recipe
    button(app, "Redo").click().run()
    assert desk(app).recipe == fork[1].recipe


def test_names_and_stars_are_kept_and_shown(visit, opened, fork):
    app = pick(visit("compare"), fork[0])
    field(app.text_input, "Name").set_value(" half <b> ").run()
    button(app, "Star").click().run()
    found = opened.workspace.run(fork[0].id)
    assert (found.label, found.starred) == ("half <b>", True)
    assert "★ half <b>" in picker(app, "Run").options[-1]
    assert any("★ half &lt;b&gt;" in str(trace.get("text")) for trace in figure(app, TREE)["data"])
    button(app, "Unstar").click().run()
    assert not opened.workspace.run(fork[0].id).starred


def table(app):
    """The runs that the table shows."""
    return next(frame.value for frame in app.dataframe if "channels cut, mean %" in frame.value)


def test_every_run_has_a_row_that_says_how_it_was_made_and_what_it_costs(visit, opened, fork):
    rows = table(visit("compare"))
    assert list(rows["run"]) == [run.id for run in reversed(fork)]
    newest = rows.iloc[0]
    groups = len(opened.structure.prunable)
    assert newest["channels cut, mean %"] == pytest.approx(100 * (0.25 + 0.75) / groups)
    assert (newest["criterion"], newest["parent"], newest["on the desk"]) == ("l2", fork[0].id, True)
    assert (newest["accuracy, %"], newest["low, %"], newest["high, %"]) == (90, 88, 92)
    cost = verbs.cost(opened, fork[2].recipe)
    assert (newest["parameters"], newest["MACs"], newest["FLOPs"], newest["bytes"]) == (
        cost.params, cost.macs, 2 * cost.macs, cost.bytes)  # fmt: skip


def test_runs_are_filtered_by_what_they_are_and_what_is_written_of_them(visit, opened, fork):
    opened.workspace.star(fork[1].id)
    opened.workspace.annotate(fork[0].id, "First try at 50 %")
    app = visit("compare")
    for kind, shown in (("starred", fork[1:2]), ("noted", fork[:1]), ("cut", fork)):
        app.button_group(key="runs-kind").set_value(kind).run()
        assert set(table(app)["run"]) == {run.id for run in shown}
    field(app.text_input, "Filter").set_value("try FIRST").run()
    assert list(table(app)["run"]) == [fork[0].id]
    field(app.text_input, "Filter").set_value("nothing like it").run()
    assert any(caption.value == "None of the 3 runs is like that." for caption in app.caption)


def test_a_note_is_kept_with_the_run_and_can_be_taken_back(visit, opened, fork):
    app = pick(visit("compare"), fork[1])
    field(app.text_area, "Note").set_value(" loses the *sevens* ").run()
    assert opened.workspace.run(fork[1].id).note == "loses the *sevens*"
    app = settle(app)
    assert table(app).set_index("run")["note"][fork[1].id] == "loses the *sevens*"
    field(app.text_area, "Note").set_value("").run()
    assert opened.workspace.run(fork[1].id).note == ""


def test_the_runs_can_be_taken_away_as_csv_and_json(visit, opened, fork):
    app = visit("compare")
    labels = [found.proto.label for found in app.get("download_button")]
    assert labels.index("CSV") < labels.index("JSON")


def test_two_layers_that_differ_are_told_by_layer_and_in_all(visit, opened, fork):
    app = visit("compare")
    picker(app, "First").set_value(fork[0].id).run()
    picker(app, "Second").set_value(fork[1].id).run()
    app = settle(app)
    rows = next(frame.value for frame in app.dataframe if "MACs, difference" in frame.value).set_index("layer")
    a, b = (verbs.layer_costs(opened, run.recipe) for run in fork[:2])
    names = [layer.name for layer in opened.structure.layers]
    at = names.index("layer2.0.conv1")
    assert rows["MACs, difference"]["layer2.0.conv1"] == b[at][1] - a[at][1] < 0
    assert rows["parameters, difference"]["all layers"] == sum(y[0] - x[0] for x, y in zip(a, b, strict=True))
    assert rows["MACs, difference"]["conv1"] == 0
    assert desk(app).recipe == fork[2].recipe


def test_a_deleted_runs_children_stay_and_the_desk_goes_to_its_parent(visit, opened, fork):
    app = pick(visit("compare"), fork[0])
    app.button(key="delete-run").click().run()
    app = settle(app)
    assert [(run.id, run.parent) for run in verbs.history(opened)] == [(fork[1].id, None), (fork[2].id, None)]
    assert desk(app).recipe == fork[2].recipe
    assert picker(app, "Run").value == fork[2].id
    app.button(key="delete-run").click().run()
    app = settle(app)
    assert [run.id for run in verbs.history(opened)] == [fork[1].id]  # and it does not come back by being measured
    assert desk(app).recipe == Recipe("resnet8")


def test_a_run_whose_weights_others_need_cannot_be_deleted(visit, opened, fork):
    child = replace(fork[2], id="0" * 12, parent=fork[2].id, recipe=replace(fork[2].recipe, base=fork[2].id))
    opened.workspace.add_run(child)
    app = pick(visit("compare"), fork[2])
    assert app.button(key="delete-run").disabled
    assert any("delete those first" in caption.value for caption in app.caption)


def test_a_link_puts_its_run_on_the_desk_once_and_the_address_follows_the_desk(visit, opened, fork):
    app = visit(run=fork[0].id)
    assert desk(app).recipe == fork[0].recipe
    assert opened.workspace.head(opened.key).id == fork[0].id
    assert app.query_params["run"] == fork[0].id
    moves_on = Recipe("resnet8", channels={"conv1": 0.5})
    desk(app).recipe = moves_on
    app = settle(app)
    assert desk(app).recipe == moves_on
    moved = opened.workspace.head(opened.key)
    assert (moved.recipe, moved.parent) == (moves_on, fork[0].id)
    assert app.query_params["run"] == moved.id  # a reload comes back to what has been moved since
    desk(app).recipe = Recipe("resnet8")
    opened.workspace.set_head(opened.key, None)
    assert "run" not in settle(app).query_params


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "There is no run ffffffffffff in this history."),
        ({"task": "vgg"}, "Run ffffffffffff belongs to task 'vgg'; open that task first."),
        ({"model": "other"}, "Run ffffffffffff was made from other weights of 'resnet8'; open those first."),
    ],
    ids=["unknown", "task", "weights"],
)
def test_a_link_that_cannot_be_followed_leaves_the_desk_and_says_so_until_it_moves(visit, opened, fork, changes, says):
    if changes:
        opened.workspace.add_run(replace(fork[0], id="f" * 12, parent=None, **changes))
    app = visit(run="f" * 12)
    assert not app.exception
    assert desk(app).recipe == fork[2].recipe
    assert opened.workspace.head(opened.key).id == fork[2].id
    assert app.query_params["run"] == fork[2].id
    assert [error.value for error in settle(app).error] == [f"{says} The desk is as it was."]
    for channels in ({"conv1": 0.5}, fork[2].recipe.channels):
        desk(app).recipe = Recipe("resnet8", channels=channels)
        assert not settle(app).error


def test_another_tab_and_another_task_leave_this_desk_alone(visit, opened, fork):
    left, right = visit("compare"), visit("compare")
    assert desk(left).id != desk(right).id
    right.selectbox(key="task").set_value("article").run()
    right = settle(right)
    assert desk(right).recipe == Recipe("article")
    left = pick(left, fork[0])
    button(left, "Put on the desk").click().run()
    assert desk(settle(left)).recipe == fork[0].recipe
    assert desk(settle(right)).recipe == Recipe("article")
    assert opened.workspace.runs("article") == ()
    assert desk(visit()).recipe == fork[0].recipe  # a new tab takes up where the history stands


def test_a_desk_whose_head_another_tab_moved_still_knows_its_run(visit, opened, fork):
    app = visit("compare")
    opened.workspace.set_head(opened.key, fork[0].id)
    app = settle(app)
    assert picker(app, "Run").value == fork[2].id
    assert button(app, "On the desk").disabled


def test_timing_a_run_is_a_job_whose_latency_stays(visit, opened, fork, monkeypatch):
    monkeypatch.setattr("prunekit.timing.latency.SECONDS", 0.0)
    app = visit("compare")
    assert metric(app, "Latency").value == "not timed"
    button(app, "Time it").click().run()
    job = jobs.started(jobs.owner(opened, "latency", fork[2].recipe.digest))
    assert job.wait(60).error is None
    app = settle(app)
    (timed,) = opened.workspace.run(fork[2].id).latencies
    assert metric(app, "Latency").value == f"{1e3 * timed.candidate.cpu:.2f} ms"
    assert metric(app, "Latency").label == "Latency :blue-badge[measured]"


def give(app, text):
    app.text_area(key="recipe-text").set_value(text)
    app.button(key="recipe-take").click().run()
    return settle(app)


def test_a_pasted_recipe_moves_the_bars_and_becomes_a_run(visit, opened, fork):
    app = give(visit("compare"), '{"channels": {"layer1.0.conv2": 0.5}}')
    assert desk(app).recipe == Recipe("resnet8", channels={"conv1": 0.5})  # by the group's own name
    head = opened.workspace.head(opened.key)
    assert (head.recipe, head.parent) == (desk(app).recipe, fork[2].id)
    assert picker(app, "Run").value == head.id


def test_a_recipe_file_is_opened(visit, fork):
    app = visit("compare")
    app.file_uploader(key="recipe-file").upload("mine.json", fork[1].recipe.to_text().encode()).run()
    assert desk(settle(app)).recipe == fork[1].recipe


UNFIT = {
    "": "The recipe is not valid JSON",
    '{"channels": ': "The recipe is not valid JSON",
    '{"chanels": {}}': "Unknown recipe key 'chanels'; did you mean channels?",
    '{"channels": {"conv9": 0.5}}': "There is no group or layer 'conv9'; did you mean conv1?",
    '{"channels": {"conv1": 50}}': "Sparsity is a fraction from 0 to 1",
    '{"task": "vgg"}': "The recipe was written for task 'vgg'; this is 'resnet8'.",
    '{"base": "feed"}': "The recipe starts from a run that is not at hand",
}


def test_a_recipe_that_does_not_fit_is_one_sentence_and_changes_nothing(visit, opened, fork):
    app = visit("compare")
    for text, says in UNFIT.items():
        app = give(app, text)
        assert not app.exception
        assert len(app.error) == 1
        assert app.error[0].value.replace("\\", "").startswith(says)
        assert desk(app).recipe == fork[2].recipe
        assert len(verbs.history(opened)) == 3


def test_a_long_history_draws_every_run_but_only_the_newest_and_the_marked_in_the_tree(visit, opened):
    with opened.workspace._writing() as db:  # a transaction for each of a thousand runs takes seconds
        from prunekit.store import runs

        for n in range(1000):
            recipe = Recipe("resnet8", channels={"conv1": (n + 1) / 2000})
            reading = Reading("accuracy", (n % 97) / 100, 1000, 10 * (n % 97), None, 0.1, 0.1, "validation",
                              Status.MEASURED, "")  # fmt: skip
            parent = f"{n - 1:012x}" if n else None
            runs.add(db, Run(f"{n:012x}", "resnet8", opened.digest, recipe, parent, 0.0, Cost(n, n, n), (reading,),
                             label="kept" if n == 3 else ""))  # fmt: skip
    opened.workspace.set_head(opened.key, f"{999:012x}")
    app = visit("compare")
    assert not app.exception
    marks = [point for trace in figure(app, TREE)["data"] for point in trace.get("customdata", ())]
    assert sorted(marks) == [f"{n:012x}" for n in (3, *range(960, 1000))]
    spots = [point for trace in figure(app, TRADEOFF)["data"] for point in trace.get("customdata", ()) if point]
    assert len(spots) == 1000
    long = [frame for frame in app.dataframe if len(frame.value) == 1000]
    assert len(long) == 1  # the twins of the charts are made once they are opened
    field(app.text_input, "Filter").set_value("kept").run()
    assert list(table(app)["run"]) == [f"{3:012x}"]
    app.toggle(key="tree-all").set_value(True).run()
    marks = [point for trace in figure(app, TREE)["data"] for point in trace.get("customdata", ())]
    assert len(marks) == 1000
