"""The hyperparameters of a recovery in a few words."""

from prunekit.records import Training

OPTIMIZERS = {"adamw": "AdamW", "sgd": "SGD"}


def training_text(training: Training) -> str:
    """Summarise how a network was fine-tuned, in the words that the Recover page asks with.

    Example:
        >>> training_text(Training(5, 64, 0.002, "adamw", 0.9, 4.0, True, 0))
        '5 epochs, AdamW, peak learning rate 0.002, batch size 64, distillation 90 %, reconstructed first'
        >>> training_text(Training(1, 32, 0.05, "sgd", 0.0, 4.0, False, 0, round=2, rounds=3))
        '1 epoch, SGD, peak learning rate 0.05, batch size 32, no distillation, iteration 2 of 3'
    """
    parts = [
        f"{training.epochs} epoch{'' if training.epochs == 1 else 's'}",
        OPTIMIZERS.get(training.optimizer, training.optimizer),
        f"peak learning rate {training.lr:g}",
        f"batch size {training.batch}",
        f"distillation {100 * training.distil:g} %" if training.distil else "no distillation",
    ]
    if training.fit_first:
        parts.append("reconstructed first")
    if training.rounds > 1:
        parts.append(f"iteration {training.round} of {training.rounds}")
    return ", ".join(parts)
