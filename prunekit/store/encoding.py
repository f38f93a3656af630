"""Readings, latencies, recipes, conditions and hyperparameters as the text the database holds."""

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from prunekit.errors import RecipeError, WorkspaceError
from prunekit.outside import checked
from prunekit.recipe import Recipe
from prunekit.records import Conditions, Latency, Reading, Status, Timing, Training

KNOWN = 8192
"""Texts whose records are kept once decoded, since a page reads a whole history on every run; records are frozen."""


def text_of(value: Any) -> str:
    """Return JSON values as compact text."""
    return json.dumps(value, separators=(",", ":"))


def value_of(text: str) -> Any:
    """Read JSON values from stored text.

    Raises:
        WorkspaceError: the text is damaged.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:  # among them: bad bytes, numbers of a thousand digits
        raise WorkspaceError(f"The history holds a damaged entry ({error}); move it away to begin anew.") from error


def names_of(text: str) -> tuple[str, ...]:
    """Read names from stored text.

    Raises:
        WorkspaceError: the text is damaged, or something else.
    """
    names = value_of(text)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise WorkspaceError("The history holds a damaged entry (no list of runs); move it away to begin anew.")
    return tuple(names)


def reading_text(reading: Reading) -> str:
    """Return a reading as text that ``reading_of`` reads back equal."""
    return text_of(asdict(reading))


@lru_cache(KNOWN)
def reading_of(text: str) -> Reading:
    """Read a reading from stored text.

    Raises:
        WorkspaceError: the text is damaged or has fields this version does not know.
    """
    fields = value_of(text)
    try:
        interval = fields.pop("interval")
        return checked(
            Reading(
                status=Status(fields.pop("status")),
                per_class=tuple(fields.pop("per_class")),
                interval=None if interval is None else (interval[0], interval[1]),
                **fields,
            )
        )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise WorkspaceError(f"The history holds a reading this version cannot read ({error}).") from error


def latency_text(latency: Latency) -> str:
    """Return a latency as text that ``latency_of`` reads back equal."""
    return text_of(asdict(latency))


def latency_of(text: str) -> Latency:
    """Read a latency from stored text.

    Raises:
        WorkspaceError: the text is damaged or has fields this version does not know.
    """
    fields = value_of(text)
    try:
        low, high = fields.pop("interval")
        dense, candidate = _timing(fields.pop("dense")), _timing(fields.pop("candidate"))
        return checked(Latency(dense=dense, candidate=candidate, interval=(low, high), **fields))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise WorkspaceError(f"The history holds a latency this version cannot read ({error}).") from error


def _timing(fields: dict[str, Any]) -> Timing:
    wall, cpu = (tuple(fields.pop(name)) for name in ("wall_quartiles", "cpu_quartiles"))
    return checked(Timing(wall_quartiles=wall, cpu_quartiles=cpu, **fields))


def conditions_text(conditions: Conditions | None) -> str | None:
    """Return conditions as text that ``conditions_of`` reads back equal; ``None`` where they are not known."""
    return None if conditions is None else text_of(asdict(conditions))


@lru_cache(KNOWN)
def conditions_of(text: str | None) -> Conditions | None:
    """Read conditions from stored text.

    Raises:
        WorkspaceError: the text is damaged or has fields this version does not know.
    """
    if text is None:
        return None
    try:
        return checked(Conditions(**value_of(text)))
    except TypeError as error:
        raise WorkspaceError(f"The history holds conditions this version cannot read ({error}).") from error


def training_text(training: Training | None) -> str | None:
    """Return hyperparameters as text that ``training_of`` reads back equal; ``None`` where there are none."""
    return None if training is None else text_of(asdict(training))


@lru_cache(KNOWN)
def training_of(text: str | None) -> Training | None:
    """Read hyperparameters from stored text.

    Raises:
        WorkspaceError: the text is damaged or has fields this version does not know.
    """
    if text is None:
        return None
    try:
        return checked(Training(**value_of(text)))
    except TypeError as error:
        raise WorkspaceError(f"The history holds a training this version cannot read ({error}).") from error


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as text that ``recipe_of`` reads back equal."""
    return text_of(recipe.to_json())


@lru_cache(KNOWN)
def recipe_of(text: str) -> Recipe:
    """Read a recipe from stored text.

    Raises:
        WorkspaceError: the text is damaged or asks for something this version does not know.
    """
    try:
        return Recipe.from_json(value_of(text))
    except RecipeError as error:
        raise WorkspaceError(f"The history holds a recipe this version cannot read: {error}") from error
