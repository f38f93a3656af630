"""What a person may write for a recipe, a run and a choice."""

from collections.abc import Collection, Mapping
from typing import Any

from prunekit.errors import RecipeError, close_matches
from prunekit.face.run import Pruned, Run
from prunekit.recipe import Recipe

Asked = Recipe | Pruned | Mapping[str, Any] | None
"""A recipe, what was made by one, or its JSON values; ``None`` is the dense network."""


def recipe_of(asked: Asked) -> Recipe:
    """Return the recipe that is meant.

    Raises:
        RecipeError: it is none.
    """
    if isinstance(asked, Pruned):
        return asked.recipe
    return asked if isinstance(asked, Recipe) else Recipe.from_json({} if asked is None else asked)


def run_id(run: Run | str | None) -> str | None:
    """Return the run's id; ``None`` is the task's own network."""
    return run.id if isinstance(run, Run) else run


def one_of(what: str, given: str, known: Collection[str]) -> str:
    """Return a choice that exists.

    Raises:
        RecipeError: it does not.
    """
    if given not in known:
        raise RecipeError(f"Unknown {what} {given!r}; {close_matches(given, known)}")
    return given
