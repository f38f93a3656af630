import json

import pytest

from prunekit import verbs
from prunekit.criteria import CRITERIA, criterion_title
from prunekit.figures.bands import band_of
from prunekit.recipe import Recipe
from prunekit.records import Mode, Status
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.ui.conftest import desk, settle

STEM, FAR = "layer1.0.conv1", "How far can each layer be cut alone?"


def titles(app):
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in app.get("plotly_chart")]


def ranking(app):
    return app.dataframe[0].value


def running():
    return next(job for job in reversed(jobs.worker().jobs()) if job.owner.startswith("scan"))


def scanned(opened, levels=(0.5, 0.9), criterion="l2"):
    return list(verbs.scan(opened, levels=levels, limit=None, criterion=criterion, half_width=verbs.WITHIN))


@pytest.fixture
def opened(workspace):
    return verbs.open_task("resnet8", workspace)


def test_the_cost_is_announced_for_each_precision_and_a_cancelled_scan_is_resumed(visit):
    app = visit("sensitivity", session=Session("resnet8", recipe=Recipe("resnet8", criterion="random")))
    for _ in range(200):  # the pace is known once the dense network was measured
        jobs.worker().call(lambda: None)
        if "about" in app.run().button(key="scan-start").label:
            break
    assert app.button(key="scan-start").label.startswith("Scan 54 cuts, about ")
    app.button_group(key="scan-precision").set_value("exact").run()
    app.button(key="scan-start").click().run()
    job = running()
    while job.snapshot().done < 3:
        jobs.worker().call(lambda: None)
    assert app.run().get("progress")
    app.button(key=f"stop-{job.id}").click().run()
    job.wait(60)
    app = settle(app)
    stored = job.snapshot().done
    assert 3 <= stored < 54
    assert app.button(key="scan-start").label.startswith(f"Resume: measure {54 - stored} cuts")
    assert titles(app)[0] == FAR


def test_a_first_picture_is_all_that_is_measured_when_it_is_all_that_is_asked(visit, opened):
    app = visit("sensitivity")
    app.button_group(key="scan-precision").set_value("picture").run()
    app.button(key="scan-start").click().run()
    running().wait(60)
    app = settle(app)
    points = verbs.stored_points(opened, half_width=verbs.WITHIN, pictures=True)
    assert len(points) == 54
    assert {point.reading.status for point in points} == {Status.ESTIMATED}
    assert {point.reading.n for point in points} == {16}
    assert "scan-start" not in [button.key for button in app.button]  # nothing is left of a picture
    app.button_group(key="scan-precision").set_value("within").run()
    assert app.button(key="scan-start").label.startswith("Scan 54 cuts")


def test_the_page_answers_first_what_to_cut_by_the_tasks_metric(visit, opened):
    scanned(opened)
    app = visit("sensitivity")
    assert [heading.value for heading in app.subheader][:2] == ["Cut here first", "What to cut for a target"]
    rows = ranking(app)
    assert list(rows["frees MACs, %"]) == sorted(rows["frees MACs, %"], reverse=True)
    whole, dense = opened.structure.cost({}).macs, verbs.last(verbs.evaluate(opened, Recipe("resnet8"))).reading.value
    for _, row in rows.iterrows():
        units = opened.structure.group(row["layer"]).units
        left = opened.structure.cost({row["layer"]: round(units * (1 - row["can go, %"] / 100))}).macs
        assert row["frees MACs, %"] == pytest.approx(100 * (1 - left / whole))
        cut = Recipe("resnet8", channels={row["layer"]: 0.5})
        lost = 100 * (dense - verbs.last(verbs.evaluate(opened, cut)).reading.value)
        assert row["half loses, points"] == pytest.approx(lost, abs=2.5)  # within one point, or a tenth of the drop
        assert row["half is"] == band_of(row["half loses, points"]).name
    assert titles(app)[0] == FAR
    assert "lost alone" in app.get("plotly_chart")[0].proto.spec
    app.button_group(key="scan-metric").set_value("kl").run()
    assert "KL, nats" in app.get("plotly_chart")[0].proto.spec


def test_of_what_a_scan_has_not_come_to_the_ranking_says_so(visit, opened):
    points = [point for _, point in zip(range(2), verbs.scan(opened, limit=None), strict=False)]
    app = visit("sensitivity")
    rows = ranking(app)
    known = rows[rows["share known by"] != "not measured yet"]
    assert set(known["layer"]) == {point.name for point in points}
    assert list(known.index) == [0, 1]
    assert rows["can go, %"].isna().sum() == rows["frees MACs, %"].isna().sum() == 4
    assert app.button(key="scan-start").label.startswith("Resume: measure 52 cuts, about ")


def test_what_is_suggested_is_what_the_planner_begins_with_around_what_is_pinned(visit, opened):
    scanned(opened)
    held = Session("resnet8", recipe=Recipe("resnet8", channels={STEM: 0.25}))
    held.hand = type(held.hand)(pinned=(STEM,))
    app = visit("sensitivity", session=held)
    app.slider(key="scan-left-channels").set_value(60).run()
    app = settle(app)
    app.button(key="scan-put").click().run()
    app = settle(app)
    drafted = verbs.draft(opened, {"macs": 0.6}, base=Recipe("resnet8", channels={STEM: 0.25}), pinned=(STEM,))
    assert desk(app).recipe == drafted.recipe
    assert desk(app).recipe.channels[STEM] == 0.25
    assert verbs.cost(opened, drafted.recipe).macs <= 0.6 * opened.structure.cost({}).macs
    assert app.button(key="scan-put").disabled


def test_a_target_that_the_scan_cannot_meet_is_told(visit, opened):
    scanned(opened, levels=(0.5,))
    app = visit("sensitivity")
    app.slider(key="scan-left-channels").set_value(5).run()
    app = settle(app)
    assert any("macs cannot fall to" in caption.value for caption in app.caption)
    assert "scan-put" not in [button.key for button in app.button]


def test_behind_a_base_the_page_says_that_it_speaks_of_the_dense_network(visit, opened):
    scanned(opened, levels=(0.5,))
    app = visit("sensitivity")
    assert not any("of the dense network;" in caption.value for caption in app.caption)
    recipe = Recipe("resnet8", channels={STEM: 0.5})
    run = verbs.last(verbs.recover(opened, recipe, epochs=1))
    desk(app).recipe = verbs.recipe_of(run)
    app = settle(app)
    assert not app.exception
    assert any("of the dense network;" in caption.value for caption in app.caption)


def test_another_criterion_is_scanned_beside_the_desks(visit, opened):
    scanned(opened)
    app = visit("sensitivity")
    others = [name for name in CRITERIA if name != "l2"]
    assert app.selectbox(key="scan-criterion").options == [criterion_title(name) for name in others]
    app.selectbox(key="scan-criterion").set_value("l1").run()
    assert app.button(key="scan-other").label.startswith("Scan 54 cuts by L1 norm")
    app.button(key="scan-other").click().run()
    running().cancel()
    running().wait(60)
    scanned(opened, criterion="l1")
    app = settle(app)
    assert any("harms it least" in caption.value for caption in app.caption)
    assert desk(app).recipe.criterion == "l2"


def test_layers_are_ranked_by_the_weights_that_are_zeroed(visit, opened):
    list(verbs.picture_steps(opened, Mode.WEIGHTS, levels=(0.5, 0.9), limit=None, half_width=verbs.WITHIN))
    app = visit("sensitivity", session=Session("resnet8", mode=Mode.WEIGHTS))
    rows = ranking(app)
    assert len(rows) == len(opened.structure.layers)
    assert set(rows["loss known by"]) == {"first look, 16 samples"}
    assert rows["from–to, %"].isna().all()
    assert "frees MACs, %" not in rows
    app.button(key="scan-put").click().run()
    app = settle(app)
    assert desk(app).recipe.weights
    assert desk(app).recipe.channels == {}


@pytest.mark.parametrize(
    ("precision", "label"),
    [
        ("picture", "First picture of a scan by L2 norm"),
        ("within", "Scan within 1 point by L2 norm"),
        ("exact", "Exact scan by L2 norm"),
    ],
)
def test_a_scan_is_called_one_on_every_page(visit, precision, label):
    app = visit("sensitivity")
    app.button_group(key="scan-precision").set_value(precision).run()
    held = jobs.worker().job("else", "Another job", lambda: iter(int, 1))  # keeps the line until it is cancelled
    app.button(key="scan-start").click().run()
    try:
        assert [caption.value for caption in app.sidebar.caption] == [f":material/hourglass_top: {label} · waits"]
    finally:
        running().cancel()
        held.cancel()
