"""A layer's weights by ridge regression towards those that it has."""

import torch
from torch import Tensor, nn

from prunekit.recover.rows import Fit

RIDGE = 1e-2
"""How strongly the fit is pulled towards the old weights, as a share of the inputs' mean square."""


def fit(module: nn.Module, inputs: Tensor, targets: Tensor) -> tuple[float, float]:
    """Fit a layer in place.

    Args:
        module: a convolution or a linear layer.
        inputs: ``(rows, inputs)`` what it computes each row from, tap by tap of the kernel.
        targets: ``(rows, outputs)`` what it should answer.

    Returns:
        Its squared error as a share of the targets' square, before and after. Where it would not fall, the layer
        stays as it was.
    """
    assert isinstance(module, Fit)
    own = module.weight.detach().movedim(1, -1).flatten(1).double()
    # Sums over thousands of rows in single precision are as good as the pull towards the old weights, and half as dear.
    gram, cross = (inputs.T @ inputs).double(), (inputs.T @ targets).double()
    if module.bias is not None:  # an input that is always one
        sums, rows = inputs.sum(0, dtype=torch.float64)[:, None], gram.new_full((1, 1), len(inputs))
        gram = torch.cat([torch.cat([gram, sums], 1), torch.cat([sums.T, rows], 1)])
        cross = torch.cat([cross, targets.sum(0, dtype=torch.float64)[None]])
        own = torch.cat([own, module.bias.detach().double()[:, None]], 1)
    ridge = RIDGE * gram.diagonal().mean()
    solution = torch.linalg.solve(gram + ridge * torch.eye(len(gram)).double(), cross + ridge * own.T).T
    total = targets.square().sum(dtype=torch.float64)

    def error(matrix: Tensor) -> float:
        missed = total - 2 * (matrix.T * cross).sum() + (matrix @ gram * matrix).sum()
        return float((missed / total.clamp(min=1e-12)).clamp(min=0))

    before, after = error(own), error(solution)
    if after >= before:
        return before, before
    taps = module.weight[0].movedim(0, -1)
    with torch.no_grad():
        module.weight.copy_(solution[:, : taps.numel()].unflatten(1, taps.shape).movedim(-1, 1))
        if module.bias is not None:
            module.bias.copy_(solution[:, -1])
    return before, after
