"""Recoveries that were begun and have not ended: what a killed one needs to be gone on with."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from prunekit.errors import CheckpointError, PrunekitError, WorkspaceError
from prunekit.pattern import Pattern
from prunekit.recipe import Recipe
from prunekit.records import Epoch
from prunekit.recover.schedule import Schedule
from prunekit.recover.stored import state_bytes, stored_state
from prunekit.store.encoding import reading_of, reading_text
from prunekit.subject.opening import Opened

FOLDER = "recoveries"


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery in rounds, with the rounds that have ended.

    Attributes:
        recipe: the cut to arrive at.
        schedule: how to train in each round.
        rounds: how many times to cut and recover.
        parent: the run that the first round continues, in the history.
        start: what is cut already where the first round begins: the recipe of the base.
        done: the runs of the rounds that have ended.
    """

    recipe: Recipe
    schedule: Schedule
    rounds: int = 1
    parent: str | None = None
    start: Recipe = field(default_factory=Recipe)
    done: tuple[str, ...] = ()

    @property
    def under_way(self) -> Recipe:
        """The recipe of the first round that has not ended."""
        base = self.done[-1] if self.done else self.recipe.base
        return replace(_part(self.recipe, self.start, (len(self.done) + 1) / self.rounds), base=base)


def key(opened: Opened, recipe: Recipe, schedule: Schedule) -> str:
    """Name a recovery by all that decides its bits."""
    text = "-".join(str(value) for value in asdict(schedule).values())
    return f"{_subject(opened)}-{recipe.digest}-{text}"


def folder(opened: Opened) -> Path:
    """Return where recoveries under way keep what they have reached."""
    return opened.workspace.path / FOLDER


def reached(opened: Opened, recipe: Recipe, schedule: Schedule) -> Path:
    """Return the file that holds what one training has reached."""
    return folder(opened) / f"{key(opened, recipe, schedule)}.safetensors"


def write_state(opened: Opened, path: Path, state: Mapping[str, Any], epochs: Iterable[Epoch]) -> None:
    """Write what one training has reached, with its records until then, in place of what it had reached before."""
    records = [
        asdict(epoch) | {"reading": None if epoch.reading is None else reading_text(epoch.reading)} for epoch in epochs
    ]
    opened.workspace.write_file(path, lambda aside: aside.write_bytes(state_bytes({**state, "records": records})))


def read_state(path: Path) -> dict[str, Any] | None:
    """Read what a killed training had reached; ``None`` where there is nothing that can be read."""
    try:
        state: dict[str, Any] = stored_state(path)
    except CheckpointError:
        return None
    return state


def epochs_of(state: Mapping[str, Any] | None) -> tuple[Epoch, ...]:
    """Return the records of a training until it reached a state; none where they cannot be read."""
    try:
        return tuple(
            Epoch(**fields | {"reading": None if fields["reading"] is None else reading_of(fields["reading"])})
            for fields in (state or {}).get("records", ())
        )
    except (TypeError, KeyError, WorkspaceError):
        return ()


def remember(opened: Opened, recovery: Recovery) -> None:
    """Write a recovery down, in place of what was written of it before."""
    recipes = {"recipe": recovery.recipe.to_json(), "start": recovery.start.to_json()}
    text = json.dumps({**asdict(recovery), **recipes})
    opened.workspace.write_file(_path(opened, recovery), lambda aside: aside.write_text(text))


def forget(opened: Opened, recovery: Recovery) -> None:
    """Give a recovery up, with what it has reached since its last run."""
    _path(opened, recovery).unlink(missing_ok=True)
    reached(opened, recovery.under_way, recovery.schedule).unlink(missing_ok=True)


def unfinished(opened: Opened) -> tuple[Recovery, ...]:
    """Return the task's recoveries that have not ended, the one begun last first; none of other samples or metrics."""
    paths = folder(opened).glob(f"{_subject(opened)}-*.json")
    recoveries = (_read(path) for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True))
    return tuple(recovery for recovery in recoveries if recovery is not None)


def gone_on_with(opened: Opened, recovery: Recovery) -> Recovery:
    """Return a recovery with the rounds that an earlier process has ended and whose runs are still there."""
    written = _read(_path(opened, recovery))
    if written is None:
        return recovery
    try:
        whole = all(opened.workspace.run(run).weights for run in written.done)
    except WorkspaceError:
        whole = False
    return replace(recovery, done=written.done) if whole else recovery


def _subject(opened: Opened) -> str:
    """Name the weights that are trained, the samples, and the metric that chooses the best network."""
    metric = opened.metric
    judged = f"{opened.data_digest} {metric.higher_is_better} {metric.name}"
    return f"{opened.digest}-{hashlib.sha256(judged.encode()).hexdigest()[:16]}"


def _part(recipe: Recipe, start: Recipe, share: float) -> Recipe:
    """Return a milder recipe: after that share of the rounds the same share of every cut's way is gone."""
    if share == 1:
        return recipe

    def mild(sparsities: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
        return {name: _between(before.get(name, 0.0), value, share) for name, value in sparsities.items()}

    channels, weights = mild(recipe.channels, start.channels), mild(recipe.weights, start.weights)
    return replace(recipe, channels=channels, weights=weights, bits={}, activation_bits=None)


def _between(before: float, target: float, share: float) -> float:
    """Return a sparsity on the way to another; a pattern has none, and where it is there already there is no way."""
    if isinstance(target, Pattern) or target <= before:
        return target
    kept: float = (1 - before) * ((1 - target) / (1 - before)) ** share
    return 1 - kept


def _path(opened: Opened, recovery: Recovery) -> Path:
    return folder(opened) / f"{key(opened, recovery.recipe, recovery.schedule)}-{recovery.rounds}.json"


def _read(path: Path) -> Recovery | None:
    """Read what was written of a recovery; what cannot be read is no recovery."""
    try:
        fields = json.loads(path.read_text())
        return Recovery(
            Recipe.from_json(fields["recipe"]),
            Schedule(**fields["schedule"]),
            fields["rounds"],
            fields["parent"],
            Recipe.from_json(fields["start"]),
            tuple(fields["done"]),
        )
    except (OSError, ValueError, TypeError, KeyError, PrunekitError):
        return None
