"""The state of one browser tab; the only file that reads and writes Streamlit's session state."""

import threading
import uuid
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from prunekit.recipe import Recipe
from prunekit.records import Mode, Run

if TYPE_CHECKING:
    from prunekit.engine import Ticket

KEY = "session"
DENSE, DESK = "dense", "desk"
"""What can be compared besides runs: the task's own network, and whatever is on the desk."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A checkpoint that a visitor gave: data, never code.

    Attributes:
        task: the bundled task it belongs to.
        name: what the file was called.
        content: its bytes.
        strict: whether it must have exactly the network's tensors.
    """

    task: str
    name: str
    content: bytes = field(repr=False)
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the worker and the ticket that answers it.

    Attributes:
        about: everything the answer depends on.
        ticket: the ticket of its answer.
        previous: the answer to the question before, shown as stale until there is a new one.
    """

    about: Hashable
    ticket: "Ticket[Any]"
    previous: Any = None

    @property
    def answer(self) -> Any:
        """The newest answer there is, of this question or of the one before; ``None`` without either.

        A question that failed has none: what it had answered so far is withdrawn.
        """
        if self.error:
            return None
        latest = self.ticket.snapshot().latest
        return self.previous if latest is None else latest

    @property
    def finished(self) -> bool:
        """Whether the answer is final."""
        return self.ticket.finished

    @property
    def error(self) -> str | None:
        """Why there is no answer."""
        return self.ticket.snapshot().error


@dataclass(frozen=True, slots=True)
class Hand:
    """The latest exchange between the bars in the browser and the server.

    Attributes:
        rev: number of the newest state of the bars that is on the desk.
        recipe: the desk after that state; if the desk differs, something else has changed it.
        version: rises whenever something else has changed the desk.
        is_final: whether the bar was released, so that the state belongs in the history.
        pinned: groups or layers that presets and the master leave alone.
    """

    rev: int = 0
    recipe: Recipe | None = None
    version: int = 0
    is_final: bool = True
    pinned: tuple[str, ...] = ()


@dataclass(slots=True)
class Session:
    """The state of one tab.

    Attributes:
        id: 32 hexadecimal digits that nobody else knows; newer questions supersede older ones of the same tab.
        task: what the sidebar shows: a bundled task, or the project the server was started with.
        upload: the checkpoint in place of the task's own.
        tried: the checkpoint that is being opened to take its place.
        misfit: the file name of the checkpoint that was refused last, and why.
        mode: what the sliders remove.
        recipe: the desk; ``None`` until the task's history has been read.
        held: the recipe that this tab last stored as a run, or took from the history.
        layer: the layer whose weights are shown; ``None`` is the first.
        run: the run that is looked at in the history; ``None`` is the one on the desk.
        pair: the two that are compared: ids of runs, ``DENSE`` or ``DESK``.
        linked: the run that the address asked for when this tab came, until it is on the desk.
        has_arrived: whether the run of the address was read.
        refused: why a change of the desk was refused, and the desk at that time.
        scanned: the group or layer whose sensitivity curve is shown; ``None`` is the first.
        hand: the latest exchange with the bars.
        drawn: for each keyed widget, how often its key was renewed and the value it shows.
        questions: the newest question of each kind.
        page: address of the page that is shown.
        has_come: whether the visitor has just come to that page and has seen nothing of it yet.
        pictured: scans whose first picture this tab has started or left to whoever measures them.
        pressed: who counts the presses of undo and redo keys, and the newest that was followed: each counts once.
        dismissed: explanations that were read and closed.
        adopted: ids of the recoveries whose outcome was taken, offered or left.
        watched: ids of the recoveries that ran while this tab looked on.
        recommended: how often the recommended settings of a recovery were asked for; each time renews its choices.
        offered: a recovered run whose desk has moved before it ended; ``None`` where nothing is offered.
        moving: lock on changes of the desk, since the bars reach the server while a page runs.
    """

    task: str
    upload: Upload | None = None
    tried: Upload | None = None
    misfit: tuple[str, str] | None = None
    mode: Mode = Mode.CHANNELS
    recipe: Recipe | None = None
    held: Recipe | None = None
    layer: str | None = None
    run: str | None = None
    pair: tuple[str, str] = DENSE, DESK
    linked: str | None = None
    has_arrived: bool = False
    refused: tuple[str, Recipe | None] = "", None
    scanned: str | None = None
    hand: Hand = Hand()
    drawn: dict[str, tuple[int, Any]] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    page: str | None = None
    has_come: bool = False
    pictured: set[str] = field(default_factory=set)
    pressed: tuple[str, int] = "", 0
    dismissed: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    watched: set[str] = field(default_factory=set)
    recommended: int = 0
    offered: Run | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    moving: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def clear_desk(self) -> None:
        """Forget all that belongs to the open task, since another one takes its place."""
        for question in self.questions.values():
            question.ticket.cancel()
        self.recipe = self.held = self.layer = self.scanned = self.run = self.linked = None
        self.tried = self.misfit = self.offered = None
        self.pair = DENSE, DESK
        self.refused = "", None
        self.hand = replace(Hand(), rev=self.hand.rev, version=self.hand.version + 1)
        self.questions.clear()


def session(task: str = "") -> Session:
    """Return this tab's session, new with ``task`` on its first run."""
    if KEY not in st.session_state:
        st.session_state[KEY] = Session(task)
    current: Session = st.session_state[KEY]
    return current


def keyed(widget: str, value: Any) -> str:
    """Return the key under which a widget shows a value.

    The key is new whenever anything but the widget itself has changed the value, so that what the browser still
    sends under the old key is ignored. (If the widget's state were set instead, the browser's next message, sent
    before it knew of that, would look as if a person had moved the widget back.)

    Args:
        widget: name of the widget.
        value: what it shall show.
    """
    drawn = session().drawn
    version, before = drawn.get(widget, (0, value))
    if before != value:
        version += 1
    drawn[widget] = version, value
    return f"{widget}-{version}"


def by_hand(widget: str) -> Any:
    """Return what a person has just set a keyed widget to, for its callback; ``None`` if that is the value it shows.

    A callback also runs when the browser first reports a new key, with the value it was given.
    """
    drawn = session().drawn
    version, before = drawn[widget]
    value = st.session_state.get(f"{widget}-{version}")
    if value is None or value == before:
        return None
    drawn[widget] = version, value
    return value


def shown(key: str) -> Any:
    """Return the state of a widget by its plain key; for its callback."""
    return st.session_state.get(key)


def once(widget: str, key: str) -> Any:
    """Return what a person did to a keyed widget, for its callback, and renew its key, so that this counts once.

    The browser repeats its message until it knows that the key is gone; for repetitions it is ``None``.
    """
    drawn = session().drawn
    version, value = drawn[widget]
    if key != f"{widget}-{version}":
        return None
    drawn[widget] = version + 1, value
    return st.session_state.get(key)
