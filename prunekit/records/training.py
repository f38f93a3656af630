"""The hyperparameters that a recovered run was trained with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Training:
    """How a network was fine-tuned, as it was asked for; its schedule is one cycle of the learning rate.

    Attributes:
        epochs: passes over the train samples, of each round.
        batch: samples in one step.
        lr: learning rate at the peak of the cycle.
        optimizer: ``adamw`` or ``sgd``.
        distil: share (0–1) of the loss that was the distance from the dense network.
        temperature: how much the answers were softened for that.
        fit_first: whether it began with a reconstruction by least squares.
        seed: of the sample order and of dropout.
        round: which of the rounds of iterative pruning this was, from 1.
        rounds: how many rounds there were to be; 1 where all was cut at once.
    """

    epochs: int
    batch: int
    lr: float
    optimizer: str
    distil: float
    temperature: float
    fit_first: bool
    seed: int
    round: int = 1
    rounds: int = 1
