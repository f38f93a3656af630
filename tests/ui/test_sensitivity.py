import json

import pytest

from prunekit import verbs
from prunekit.criteria import CRITERIA, criterion_title
from prunekit.recipe import Recipe
from prunekit.records import Mode, Status
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.ui.conftest import desk, settle

STEM = "layer1.0.conv1"


def titles(app):
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in app.get("plotly_chart")]


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
    assert app.button(key="scan-start").label.startswith("Scan 54 points, about ")
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
    assert app.button(key="scan-start").label.startswith(f"Resume: measure {54 - stored} points")
    assert titles(app)[0] == "Which layers can be cut?"
    assert any(caption.value == "The networks ran as fused operations." for caption in app.caption)


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
    assert app.button(key="scan-start").label.startswith("Scan 54 points")


def test_what_the_scan_suggests_is_put_on_the_desk_around_what_is_pinned(visit, opened):
    scanned(opened)
    held = Session("resnet8", recipe=Recipe("resnet8", channels={STEM: 0.25}))
    held.hand = type(held.hand)(pinned=(STEM,))
    app = visit("sensitivity", session=held)
    assert titles(app)[0] == "Which layers can be cut?"
    assert titles(app)[-2:] == ["Where can I cut first?", f"Which criterion harms {app.selectbox[0].value} least?"]
    assert sum(title.startswith(("How far can", "Which weights of")) for title in titles(app)) == 2
    app.button(key="scan-put").click().run()
    app = settle(app)
    cuts = desk(app).recipe.channels
    assert cuts[STEM] == 0.25
    assert {level for name, level in cuts.items() if name != STEM} <= {0.5, 0.9}
    assert len(cuts) > 1
    assert app.button(key="scan-put").disabled


def test_another_criterion_is_scanned_beside_the_desks(visit, opened):
    scanned(opened)
    app = visit("sensitivity")
    others = [name for name in CRITERIA if name != "l2"]
    assert app.selectbox(key="scan-criterion").options == [criterion_title(name) for name in others]
    app.selectbox(key="scan-criterion").set_value("l1").run()
    assert app.button(key="scan-other").label.startswith("Scan 54 points by L1 norm")
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
    ranking = next(chart for chart in app.get("plotly_chart") if "Where can I cut first?" in chart.proto.spec)
    assert "parameters saved" in ranking.proto.spec
    app.button(key="scan-put").click().run()
    app = settle(app)
    assert set(desk(app).recipe.weights.values()) <= {0.5, 0.9}
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
