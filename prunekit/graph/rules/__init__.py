"""How each ATen operation passes channel labels on, one file for each family of operations.

A rule is a callable from the labels and a call to the dimensions of the result. An operation
without a rule freezes what it touches, so that nothing is ever silently wrong.
"""

from collections.abc import Callable
from typing import Any

from prunekit.graph.labels import Call, Labels
from prunekit.graph.rules import (
    attention,
    convolution,
    elementwise,
    filling,
    indexing,
    joining,
    linear,
    norm,
    recurrent,
    reduction,
    reshaping,
    shape,
    spatial,
    weights,
)

Rule = Callable[[Labels, Call], Any]

RULES: dict[str, Rule] = {
    **convolution.RULES,
    **linear.RULES,
    **norm.RULES,
    **elementwise.RULES,
    **spatial.RULES,
    **reshaping.RULES,
    **shape.RULES,
    **joining.RULES,
    **indexing.RULES,
    **reduction.RULES,
    **attention.RULES,
    **recurrent.RULES,
    **weights.RULES,
    **filling.RULES,
}
