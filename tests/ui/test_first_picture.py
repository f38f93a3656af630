"""The quiet scan that colours the bars of a task nobody has scanned."""

from prunekit.engine.shared import worker
from prunekit.ui.tune.first_picture import first_picture
from tests.ui.conftest import bars, desk, settle


def test_bars_have_bands_without_being_asked_for(visit, monkeypatch):
    app = settle(visit())
    assert {bar["lost"] is None for bar in bars(app)["bars"]} == {True}
    monkeypatch.setattr("prunekit.ui.tune.first_picture.first_picture", first_picture)
    app = settle(app.run())
    (job,) = (job for job in worker().jobs() if job.owner in desk(app).pictured)
    job.wait(60)
    app = settle(app.run())
    movable = [bar for bar in bars(app)["bars"] if not bar["protected"]]
    assert all(len(bar["lost"]) == 9 for bar in movable)  # nine sparsities each
    assert all(rough for bar in movable for *_, rough in bar["lost"])  # on 16 samples
    app = settle(app.run())
    assert [job] == [job for job in worker().jobs() if job.owner in desk(app).pictured]  # once
