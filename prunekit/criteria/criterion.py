"""What a criterion is: one record, read by the command line, the screen and everything that scores.

Nothing here imports torch, nor does any criterion before it scores: ``--help`` and the screen name them all at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from prunekit.registering import Origin

if TYPE_CHECKING:
    from torch import Tensor

    from prunekit.criteria.score import ScoreInput

    Score = Callable[[ScoreInput], Tensor]

Need = Literal["gradients", "norms"]
NEEDS: tuple[Need, ...] = ("gradients", "norms")
Pieces = Literal["units", "weights", "units and weights"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """Which units or weights go first.

    Attributes:
        name: what recipes and the command line call it.
        title: what it is called on screen.
        caption: one sentence on what it looks at.
        score: ``(units,)`` scores from what it may look at, finite and not negative; the lowest go first.
        needs: what it reads besides weights, each computed on train samples: the loss's ``gradients``, or the
            ``norms`` of the inputs that weights multiply.
        of: what it can score.
        by_magnitude: whether single weights go by their size alone, so that a threshold parts them.
        comparable: whether scores of different groups or layers can be compared as they are.
        origin: where a person's own function comes from; ``None`` for a built-in one.
    """

    name: str
    title: str
    caption: str
    score: "Score" = field(compare=False)  # the origin names what it says
    needs: frozenset[Need] = frozenset()
    of: Pieces = "units and weights"
    by_magnitude: bool = False
    comparable: bool = False
    origin: Origin | None = None

    @property
    def scores_weights(self) -> bool:
        """Whether it can score single weights."""
        return self.of != "units"
