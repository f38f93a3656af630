from prunekit.ui.state import jobs
from prunekit.ui.widgets.text import literal
from tests.ui.conftest import settle


def test_every_group_is_checked_at_the_press_of_a_button(visit):
    app = settle(visit("open"))
    next(button for button in app.button if button.label == "Check every group").click().run()
    owner = next(job.owner for job in reversed(jobs.worker().jobs()) if job.owner.startswith("proofs"))
    jobs.started(owner).wait(120)
    app.run()
    assert not app.exception
    assert not app.error
    assert app.success[-1].value == "6 of 7 groups were cut and are exact; the others are protected."
    rows = next(frame.value for frame in app.dataframe if "checked" in frame.value.columns).to_dict("records")
    assert {row["group"]: row["because"] for row in rows if row["can be cut"] == "no"} == {"fc": "network output"}
    assert all(row["checked"].startswith("exact: ") for row in rows if row["can be cut"] == "yes")


def test_it_says_where_the_workspace_is(visit, workspace):
    app = settle(visit("open"))
    told = f"History, scans and exports are kept in {literal(str(workspace.absolute()))}."
    assert told in [line.value for line in app.caption]
