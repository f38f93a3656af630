"""The tasks that a script or a notebook in this process offers on its dashboard, by name."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

from prunekit.engine.shared import worker
from prunekit.tasks.zoo import BUNDLED

if TYPE_CHECKING:
    from prunekit.engine import Ticket
    from prunekit.verbs import Opened


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    title: str
    ticket: "Ticket[Opened]"


_offers: dict[str, _Offer] = {}
_changing = threading.Lock()


def offer(opened: "Opened") -> str:
    """Put an opened task on offer and return the name that it is picked by: its own, numbered where that is taken."""

    def work() -> "Iterator[Opened]":
        assert opened.data_digest  # computed here, where it keeps no page waiting
        yield opened

    with _changing:
        name = _free_name(opened.task.name)
        _offers[name] = _Offer(_free_title(opened.task.title, name), worker().reading(("open", name), work))
        return name


def withdraw(name: str) -> None:
    """Take a task off the offer."""
    _offers.pop(name, None)


def names() -> tuple[str, ...]:
    """Return the names of what is on offer, in the order in which it was put there."""
    return tuple(_offers)


def title(name: str) -> str | None:
    """Return what a task on offer is called on screen; ``None`` for one that is not on offer."""
    offered = _offers.get(name)
    return None if offered is None else offered.title


def ticket(name: str) -> "Ticket[Opened] | None":
    """Return the ticket that holds a task on offer; ``None`` for one that is not on offer."""
    offered = _offers.get(name)
    return None if offered is None else offered.ticket


def _free_name(own: str) -> str:
    return next(name for name in chain([own], (f"{own}-{number}" for number in count(2))) if name not in _offers)


def _free_title(own: str, name: str) -> str:
    others = {other.title for other in _offers.values()}
    others |= {bundled.title for bundled in BUNDLED.values() if bundled.name != name}
    return f"{own} ({name})" if own in others else own  # the task picker tells them apart by their titles
