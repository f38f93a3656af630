"""When two outputs of a network count as equal."""

from typing import Any

import torch

TOLERANCE = 1e-4
"""How far, relative to the largest logit, a faster back end may be from the network's own forward pass."""


def close(output: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two outputs are equal up to a tolerance, which is a share of the largest logit."""
    if not torch.is_tensor(output) or not torch.is_tensor(expected) or output.shape != expected.shape:
        return False
    scale = float(expected.abs().max()) if expected.numel() else 0.0
    # In this order the larger of 1 and NaN is 1.
    return bool(torch.allclose(output, expected, rtol=0.0, atol=tolerance * max(1.0, scale), equal_nan=True))
