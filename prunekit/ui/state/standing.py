"""What is known of a desk at one moment, and what may be said of it."""

from dataclasses import dataclass

from prunekit.records import Cost, Evaluation

COLLAPSED = 2.0
"""Times chance below which an accuracy says that the network does not work any more."""


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
        higher_is_better: which way of it is good.
    """

    recipe: str
    samples: int
    cost: Cost
    dense: Cost
    evaluation: Evaluation | None
    reference: Evaluation | None
    metric: str = "accuracy"
    higher_is_better: bool = True

    @property
    def fresh(self) -> bool:
        """Whether the evaluation is of the desk's recipe."""
        return self.evaluation is not None and self.evaluation.reading.recipe == self.recipe

    @property
    def status(self) -> str:
        """What a figure that was measured on samples is: ``measured``, ``measuring`` or ``stale``."""
        if self.evaluation is None:
            return "measuring"
        if not self.fresh:
            return "stale"
        return "measured" if self.evaluation.reading.n >= self.samples else "measuring"

    def collapsed(self, classes: int) -> bool:
        """Whether what was measured of the desk's recipe is near chance."""
        return (
            self.status == "measured"
            and self.evaluation is not None
            and self.evaluation.reading.metric in ("accuracy", "agreement")
            and self.evaluation.reading.value < COLLAPSED / max(1, classes)
        )
