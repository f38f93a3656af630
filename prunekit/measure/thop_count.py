"""MACs as thop counts them, beside the exact count; the only file that uses thop."""

import copy
import warnings
from collections.abc import Container

from torch import Tensor, nn

from prunekit.program.forward import at_rest


def thop_macs(model: nn.Module, example: Tensor) -> tuple[int | None, tuple[str, ...]]:
    """Count multiply-accumulates for one input with thop, on a copy.

    thop counts by module type, with rules of its own (normalisation and pooling included), and
    leaves buffers behind, so it never sees the network itself.

    Args:
        model: the network; untouched.
        example: ``(batch, …)`` input; its first sample is used.

    Returns:
        The MACs, ``None`` where thop cannot run or knows no module of it; and the module types it
        has no rule for, sorted.
        Operations written as functions have no module and are never counted.
    """
    with warnings.catch_warnings():  # imported only here, since it imports setuptools
        warnings.simplefilter("ignore", DeprecationWarning)  # it compares versions with distutils
        import thop
        from thop.profile import register_hooks

    twin = copy.deepcopy(model)
    missing = tuple(sorted({type(m).__name__ for m in twin.modules() if _is_missed(m, register_hooks)}))
    try:
        with at_rest(twin):
            macs, _ = thop.profile(twin, inputs=(example[:1],), verbose=False)
    except Exception:  # whatever a user's forward or thop's hooks raise
        return None, missing
    return int(macs) if macs or not missing else None, missing


def _is_missed(module: nn.Module, rules: Container[type[nn.Module]]) -> bool:
    """Whether a module computes something by itself that thop has no rule for."""
    if type(module) in rules or isinstance(module, nn.Identity | nn.Flatten):
        return False
    is_leaf = next(module.children(), None) is None
    owns = next(module.parameters(recurse=False), None) is not None
    return is_leaf or owns
