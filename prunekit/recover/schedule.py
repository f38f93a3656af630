"""How a network is fine-tuned."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from prunekit.errors import RecipeError, close_matches

OPTIMIZERS = ("adamw", "sgd")
RATES = {"adamw": 2e-3, "sgd": 5e-2}
"""The highest learning rate of each optimizer, where the schedule sets none."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to fine-tune: AdamW or SGD with momentum under one cycle of the learning rate.

    Sources: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, arXiv 1711.05101; Smith and Topin,
    Super-Convergence, 2018, arXiv 1708.07120; Hinton et al., Distilling the Knowledge in a Neural Network, 2015,
    arXiv 1503.02531.

    Attributes:
        epochs: passes over the train samples.
        lr: highest learning rate; ``None`` is 0.002 for AdamW and 0.05 for SGD.
        batch: samples in one step.
        seed: of the sample order and of dropout.
        threads: torch threads; results are bit-identical for the same number only.
        optimizer: ``adamw`` or ``sgd``.
        distil: share (0–1) of the loss that is the distance from the dense network: from its softened answers and
            from what its layers read.
        temperature: how much both answers are softened for that.
        fit_first: begin with a reconstruction by least squares.
    """

    epochs: int = 2
    lr: float | None = None
    batch: int = 64
    seed: int = 0
    threads: int = 1
    optimizer: str = "adamw"
    distil: float = 0.0
    temperature: float = 4.0
    fit_first: bool = False

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise RecipeError(f"Unknown optimizer {self.optimizer!r}; {close_matches(self.optimizer, OPTIMIZERS)}")
        if not (self.epochs >= 1 and self.batch >= 1 and 0 <= self.distil <= 1 and self.temperature > 0):
            raise RecipeError(
                f"A schedule takes epochs and batch from 1, distil from 0 to 1 and a temperature above 0; given are "
                f"{self.epochs}, {self.batch}, {self.distil} and {self.temperature}."
            )
        if self.lr is not None and not 0 < self.lr < math.inf:
            raise RecipeError(
                f"A learning rate is a number above 0, such as {RATES[self.optimizer]}; given is {self.lr}."
            )
        if self.lr is None:
            object.__setattr__(self, "lr", RATES[self.optimizer])

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Make what changes the network's parameters."""
        assert self.lr is not None
        if self.optimizer == "sgd":
            return torch.optim.SGD(model.parameters(), self.lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
        return torch.optim.AdamW(model.parameters(), self.lr)
