"""Criteria: which units or weights go first."""

from prunekit.criteria.batchnorm import bn_scale
from prunekit.criteria.chance import random
from prunekit.criteria.lamp import lamp
from prunekit.criteria.magnitude import l1, l2
from prunekit.criteria.score import Score
from prunekit.criteria.taylor import taylor
from prunekit.criteria.wanda import wanda

CRITERIA: dict[str, Score] = {
    "l2": l2,
    "l1": l1,
    "bn_scale": bn_scale,
    "taylor": taylor,
    "wanda": wanda,
    "lamp": lamp,
    "random": random,
}
"""Every criterion by its recipe name; a new one is a function and a line here."""
