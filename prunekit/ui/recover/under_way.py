"""The recovery under way, or the one before: how far it is, and its curve."""

from typing import TYPE_CHECKING, Any

from prunekit.engine import Ticket
from prunekit.records import Epoch, Evaluation, Fitted
from prunekit.ui.recover import elsewhere
from prunekit.ui.state import reading
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import percent

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def under_way(opened: "Opened", job: Ticket[Any]) -> None:
    """Draw a recovery's progress and what it has yielded so far."""
    records = job.snapshot().records
    fitted = [record for record in records if isinstance(record, Fitted)]
    if job.label == elsewhere.LABEL:
        measured = [record.reading.n for record in records if isinstance(record, Evaluation)]
        share = measured[-1] / len(opened.task.data.validation) if measured else 0.0
        progress(job, "readings", stop="Stop", share=share)
    elif fitted and not any(isinstance(record, Epoch) for record in records):
        progress(job, "layers", stop="Stop", share=fitted[-1].done / fitted[-1].total)
    else:
        _training(opened, job)


def _training(opened: "Opened", job: Ticket[Any]) -> None:
    from prunekit.figures.recovery import learning_curve, learning_table
    from prunekit.ui.widgets.chart import chart

    records = job.snapshot().records
    before = [epoch for record in records if isinstance(record, tuple) for epoch in record]  # its process was killed
    since = [record for record in records if isinstance(record, Epoch)]
    trained = [*before, *since]
    latest = trained[-1] if trained else None
    share = latest.share if latest else 0.0
    begun = since[0].begun if since else share
    what = f"round {latest.round} of {latest.rounds}, " if latest and latest.rounds > 1 else ""
    unit = f"readings, {what}{percent(share, 0)} of the steps"
    progress(job, unit, stop="Stop", share=share, begun=begun, done=len(trained))
    epochs = [epoch for epoch in trained if latest and epoch.round == latest.round]
    if epochs:
        reference = reading.dense(opened)
        alt = f"Training loss and validation {opened.task.metric} while fine-tuning"
        chart(
            learning_curve(epochs, dense=reference.reading if reference else None),
            learning_table(epochs),
            "recovery",
            alt,
        )
