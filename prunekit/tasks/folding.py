"""Weights that a network computes anew in each pass, from masks or norms, worked out once and plain from then on.

A cut slices tensors and a criterion scores them. Where a layer's weight is a mask times an original, or a direction
times a length, neither of the two is the weight.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

HOOKS: dict[type, tuple[str, Callable[[nn.Module, str], Any]]] = {
    prune.BasePruningMethod: ("_tensor_name", prune.remove),
    WeightNorm: ("name", remove_weight_norm),
    SpectralNorm: ("name", remove_spectral_norm),
}
"""Hooks that compute a tensor before a module runs: where each keeps the tensor's name, and what folds it."""


def fold(model: nn.Module) -> tuple[str, ...]:
    """Make every computed tensor of a network a plain parameter of the value that it has in eval mode, in place.

    Args:
        model: a network in eval mode that nobody else holds; hooks and parametrizations of `torch.nn.utils` are
            folded.

    Returns:
        The names of the tensors that were computed.
    """
    names: list[str] = []
    for path, module in [*model.named_modules()]:
        leaves = (*_fold_hooks(module), *_fold_parametrizations(module))
        names += [f"{path}.{leaf}" if path else leaf for leaf in leaves]
    return tuple(names)


def folding(factory: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Return what makes the networks of a factory with their computed tensors folded."""

    def make() -> nn.Module:
        model = factory().eval()
        fold(model)
        return model

    return make


def _fold_hooks(module: nn.Module) -> list[str]:
    """Fold what hooks compute, and name it."""
    leaves: list[str] = []
    for hook in [*module._forward_pre_hooks.values()]:
        for kind, (attribute, remove) in HOOKS.items():
            if isinstance(hook, kind):
                leaf: str = getattr(hook, attribute)
                remove(module, leaf)
                leaves.append(leaf)
    return leaves


def _fold_parametrizations(module: nn.Module) -> list[str]:
    """Fold what parametrizations compute, and name it.

    ``remove_parametrizations`` would take the tensor from the class that PyTorch made for it, which a copy shares with
    the network that it is a copy of.
    """
    if not parametrize.is_parametrized(module):
        return []
    assert isinstance(module.parametrizations, nn.ModuleDict)
    values = {leaf: getattr(module, leaf).detach().clone() for leaf in module.parametrizations}
    learned = {leaf for leaf, source in module.parametrizations.items() if [*source.parameters()]}
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    for leaf, value in values.items():
        if leaf in learned:
            module.register_parameter(leaf, nn.Parameter(value))
        else:
            module.register_buffer(leaf, value)
    return [*values]


def results_of(model: nn.Module) -> dict[int, Any]:
    """Copy the results of a pass that modules keep as attributes, as those hooks leave their last weight.

    Such a tensor hangs on the pass that made it, and PyTorch refuses to copy it with the network.

    Returns:
        A memo for ``copy.deepcopy``.
    """
    values = (value for module in model.modules() for value in vars(module).values())
    return {id(value): value.detach().clone() for value in values if isinstance(value, Tensor) and not value.is_leaf}
