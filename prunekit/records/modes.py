"""What a slider removes, what else a scan tries, and how a number was obtained."""

from enum import StrEnum


class Mode(StrEnum):
    """What a slider removes."""

    CHANNELS = "channels"
    WEIGHTS = "weights"


class Kind(StrEnum):
    """What a scan tries besides what a slider removes."""

    BLOCKS = "blocks"
    BITS = "bits"


class Status(StrEnum):
    """How a number was obtained."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    INTERPOLATED = "interpolated"
