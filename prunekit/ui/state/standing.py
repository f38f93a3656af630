"""What is known of a desk at one moment, and what follows from it."""

from dataclasses import dataclass

from prunekit.records import Cost, Evaluation

COLLAPSED = 2.0
"""Multiple of chance below which a network has collapsed; with few classes the limit is half way from chance to 1."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a desk right now.

    Attributes:
        recipe: digest of the desk's recipe.
        samples: how many samples an exact reading has.
        cost: counts of the desk's network, by closed formula.
        dense: counts of the task's own network.
        evaluation: the newest evaluation, of this recipe or of the one before.
        reference: the newest evaluation of the task's own network.
        metric: name of the task's metric.
        higher_is_better: whether a higher metric is better.
        chance: the metric of guessing; ``None`` where that is not known.
        refused: why there is and will be no evaluation; empty where there is or may be one.
        proven: whether the cut behind the evaluation is proven to be exact, or needs no proof.
    """

    recipe: str
    samples: int
    cost: Cost
    dense: Cost
    evaluation: Evaluation | None
    reference: Evaluation | None
    metric: str = "accuracy"
    higher_is_better: bool = True
    chance: float | None = None
    refused: str = ""
    proven: bool = True

    @property
    def fresh(self) -> bool:
        """Whether the evaluation is of the desk's recipe."""
        return self.evaluation is not None and self.evaluation.reading.recipe == self.recipe

    @property
    def status(self) -> str:
        """The status of figures that are measured on samples: ``measured``, ``measuring``, ``stale`` or ``refused``."""
        if self.refused:
            return "refused"
        if self.evaluation is None:
            return "measuring"
        if not self.fresh:
            return "stale"
        return "measured" if self.evaluation.reading.n >= self.samples else "measuring"

    @property
    def is_chance(self) -> bool:
        """Whether what was measured of the desk's recipe cannot be told from guessing, by its interval."""
        reading = self.evaluation.reading if self.evaluation and self.fresh else None
        if self.chance is None or reading is None or reading.interval is None:
            return False
        low, high = reading.interval
        return low <= self.chance if self.higher_is_better else high >= self.chance

    @property
    def collapsed(self) -> bool:
        """Whether what was measured of the desk's recipe is near chance."""
        if self.chance is None or self.evaluation is None or self.status != "measured":
            return False
        return self.evaluation.reading.value < min(COLLAPSED * self.chance, (1 + self.chance) / 2)
