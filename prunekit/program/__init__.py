"""The program of a network: dense once, then only what a cut changes."""

from prunekit.program.cuts import Cut, without_channels, without_weights
from prunekit.program.program import BACKENDS, Batch, Program, Ready
from prunekit.program.trust import program_of, trusted

__all__ = [
    "BACKENDS",
    "Batch",
    "Cut",
    "Program",
    "Ready",
    "program_of",
    "trusted",
    "without_channels",
    "without_weights",
]
