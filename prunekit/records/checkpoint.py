"""How the tensors of a file fit a network."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A tensor that file and network both have, in shapes or kinds of number that differ."""

    name: str
    given: str
    expected: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What of a checkpoint went into a network, and what did not.

    Attributes:
        file: what the checkpoint is called.
        layout: where in the file the tensors were, such as ``safetensors`` or ``state dict in 'model'``.
        prefix: what stood before every tensor's name and was taken off, such as ``module.``.
        matched: the network's tensors that were filled.
        missing: the network's tensors that the file does not hold.
        unexpected: the file's tensors that the network does not have, by their names in the file.
        reshaped: tensors that both have, in another shape or kind of number.
    """

    file: str
    layout: str
    prefix: str
    matched: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    reshaped: tuple[Reshaped, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether file and network have exactly the same tensors."""
        return not (self.missing or self.unexpected or self.reshaped)

    def to_json(self) -> dict[str, Any]:
        """Return the fit as plain JSON values."""
        return {**asdict(self), "whole": self.is_whole}
