"""The program of a network: dense once, then only what a cut changes."""

from prunekit.measure.program.cuts import Cut, without_channels, without_weights
from prunekit.measure.program.program import Batch, Program, Ready

__all__ = ["Batch", "Cut", "Program", "Ready", "without_channels", "without_weights"]
