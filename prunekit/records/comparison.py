"""Two runs side by side."""

from base64 import b64encode
from dataclasses import asdict, dataclass
from typing import Any

from prunekit.records.reading import Evaluation


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that two recipes ask for differently.

    Attributes:
        key: the recipe's key, such as ``channels``.
        name: the group or layer, empty for a key that has none.
        a: the first recipe's value as JSON; for a bar that is not in it 0.
        b: the second recipe's value.
    """

    key: str
    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Flip:
    """A validation sample that two networks see differently.

    Attributes:
        index: the sample's position in the split.
        target: its class.
        a: the class the first network predicts.
        b: the class the second network predicts.
    """

    index: int
    target: int
    a: int
    b: int

    @property
    def right(self) -> str:
        """Which network predicts its class: ``first``, ``second`` or ``neither``."""
        return "first" if self.a == self.target else "second" if self.b == self.target else "neither"


@dataclass(frozen=True, slots=True)
class Shift:
    """A validation sample whose own figure differs between two networks, for metrics that count no right answers.

    Attributes:
        index: the sample's position in the split.
        a: the metric of this sample alone by the first network.
        b: by the second.
    """

    index: int
    a: float
    b: float


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two runs side by side, both measured anew on the validation split.

    Attributes:
        a: the first run; ``None`` is the task's own network.
        b: the second run.
        changes: what their recipes ask for differently, bars first.
        evaluations: the reading and counts of either; accuracies per class are in the readings.
        classes: the classes' names.
        flips: samples whose predicted class differs.
        gain: 95 % interval of the second's accuracy minus the first's, from the samples that only one of
            them gets right, or else by the delta method from how much each sample moves it; ``None`` where no
            sample has a figure of its own.
        shifts: instead of flips, where the metric does not count right answers: the samples whose own figure differs
            most, largest difference first.
    """

    a: str | None
    b: str | None
    changes: tuple[Change, ...]
    evaluations: tuple[Evaluation, Evaluation]
    classes: tuple[str, ...]
    flips: tuple[Flip, ...]
    gain: tuple[float, float] | None = None
    shifts: tuple[Shift, ...] = ()

    def __repr__(self) -> str:
        gain = "" if self.gain is None else ", the second better by {:+.2%} to {:+.2%} (95 %)".format(*self.gain)
        lines = [
            f"{run or 'dense'}: {each.reading}" for run, each in zip((self.a, self.b), self.evaluations, strict=True)
        ]
        return "\n".join([*lines, f"{len(self.changes)} settings differ, {len(self.flips)} samples flip{gain}"])

    @property
    def broken(self) -> int:
        """How many samples only the first network gets right."""
        return sum(flip.right == "first" for flip in self.flips)

    @property
    def fixed(self) -> int:
        """How many samples only the second network gets right."""
        return sum(flip.right == "second" for flip in self.flips)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values."""
        return {
            **asdict(self),
            "evaluations": [evaluation.to_json() for evaluation in self.evaluations],
            "broken": self.broken,
            "fixed": self.fixed,
        }


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A sample's input as a small picture.

    Attributes:
        index: the sample's position in the split.
        png: the picture as a PNG file.
    """

    index: int
    png: bytes

    @property
    def uri(self) -> str:
        """The picture as an address that holds it."""
        return f"data:image/png;base64,{b64encode(self.png).decode()}"
