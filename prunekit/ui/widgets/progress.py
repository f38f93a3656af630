"""The state of a long job: progress, pace, time left, and the button that stops it."""

from dataclasses import replace
from typing import Any

import streamlit as st

from prunekit.engine import Snapshot, State, Ticket
from prunekit.ui.widgets.text import duration, literal


def progress(
    ticket: Ticket[Any],
    unit: str,
    stop: str = "Cancel",
    share: float | None = None,
    begun: float = 0.0,
    done: int | None = None,
) -> None:
    """Draw a running job's progress with its stop button, or why it ended.

    Args:
        ticket: the job.
        unit: what its records are called.
        stop: text of the button.
        share: how much of the job is done, 0–1, where its records are not of equal size.
        begun: how much of it was done before.
        done: how many records there are, where some were yielded before this job.
    """
    now = ticket.snapshot()
    done = now.done if done is None else done
    if now.error:
        st.error(literal(now.error), icon=":material/error:")
    elif now.state in (State.CANCELLED, State.SUPERSEDED):
        st.info(f"Stopped after {done} {unit}. What was finished is kept.", icon=":material/stop_circle:")
    if now.finished:
        return
    pace = now.done / now.elapsed if now.done > 1 and now.elapsed > 1 else None
    seconds_left, is_measured = now.seconds_left, bool(now.total) or share is not None
    if share is None:
        share = min(1.0, now.done / now.total) if now.total else 0.0
    elif share > begun:
        seconds_left = now.elapsed * (1 - share) / (share - begun)
    bar, button = st.columns([6, 1], vertical_alignment="bottom", wrap=False)
    text = _text(replace(now, done=done), unit, pace, seconds_left, ticket.stopping)
    if is_measured:
        bar.progress(share, text=text)
    else:  # a bar that stays empty would look as if nothing happened
        bar.caption(f":material/hourglass_top: {text}")
    button.button(stop, key=f"stop-{now.id}", on_click=ticket.cancel, disabled=ticket.stopping)


def _text(now: Snapshot[Any], unit: str, pace: float | None, seconds_left: float | None, stopping: bool) -> str:
    if stopping:
        return "Stopping after the step under way …"
    if now.state is State.QUEUED:
        return f"{literal(now.label)}: waiting for another job to end"
    of = f" of {now.total}" if now.total else ""
    rate = f" · {pace:.1f} a second" if pace is not None else ""
    rest = f" · {duration(seconds_left)} left" if seconds_left is not None else ""
    return f"{literal(now.label)}: {now.done}{of} {unit}{rate}{rest}"
