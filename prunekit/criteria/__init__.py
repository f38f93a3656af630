"""Criteria: which units or weights go first, one record a file."""

from prunekit.criteria.bn_scale import BN_SCALE
from prunekit.criteria.criterion import Criterion
from prunekit.criteria.l1 import L1
from prunekit.criteria.l2 import L2
from prunekit.criteria.lamp import LAMP
from prunekit.criteria.random import RANDOM
from prunekit.criteria.score import NotScorableError, ScoreInput, balanced
from prunekit.criteria.taylor import TAYLOR
from prunekit.criteria.wanda import WANDA
from prunekit.errors import RecipeError, close_matches

__all__ = [
    "CRITERIA",
    "FALLBACK",
    "Criterion",
    "NotScorableError",
    "ScoreInput",
    "balanced",
    "criterion_named",
    "criterion_title",
]

CRITERIA: dict[str, Criterion] = {
    criterion.name: criterion for criterion in (L2, L1, BN_SCALE, TAYLOR, WANDA, LAMP, RANDOM)
}
"""Every criterion by its recipe name; a new one is a file and a name here, or registered from a person's own file."""

FALLBACK = L2.name
"""The criterion that scores groups in which another one has nothing to read."""


def criterion_named(name: str) -> Criterion:
    """Find a criterion.

    Raises:
        RecipeError: nobody knows the name.
    """
    if name not in CRITERIA:
        raise RecipeError(f"Unknown criterion {name!r}; {close_matches(name, CRITERIA)}")
    return CRITERIA[name]


def criterion_title(name: str) -> str:
    """Return what a criterion is called on screen; one that is not there any more goes by its name.

    Example:
        >>> criterion_title("bn_scale"), criterion_title("gone")
        ('BatchNorm scale', 'gone')
    """
    return CRITERIA[name].title if name in CRITERIA else name
