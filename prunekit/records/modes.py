"""What a slider removes and what a number is."""

from enum import StrEnum


class Mode(StrEnum):
    """What a slider removes."""

    CHANNELS = "channels"
    WEIGHTS = "weights"


class Status(StrEnum):
    """What a number is."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    INTERPOLATED = "interpolated"
