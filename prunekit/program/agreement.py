"""When two outputs of a network count as one."""

from typing import Any

import torch

TOLERANCE = 1e-4
"""How far, relative to the largest logit, a quicker way's answer may be from the network's own forward pass."""


def close(found: Any, wanted: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two outputs are one, up to rounding, or up to another share of the largest logit."""
    if not torch.is_tensor(found) or not torch.is_tensor(wanted) or found.shape != wanted.shape:
        return False
    scale = float(wanted.abs().max()) if wanted.numel() else 0.0
    # In this order the larger of 1 and NaN is 1.
    return bool(torch.allclose(found, wanted, rtol=0.0, atol=tolerance * max(1.0, scale), equal_nan=True))
