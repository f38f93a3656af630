"""What a slider removes and what a number is."""

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
    """What a number is."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    INTERPOLATED = "interpolated"
