"""Train a bundled network anew: ``python -m prunekit.tasks.train resnet8``.

Seed and steps are fixed, so a retrained network lands within half a point of the card's
accuracy; its bits depend on the processor and on torch.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from prunekit.objectives import metric_named
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split
from prunekit.tasks.zoo import BUNDLED, CHECKPOINTS, Bundled

BATCH = 250


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a network is trained: AdamW under one cycle of the learning rate.

    Attributes:
        epochs: passes over the training samples, each freshly drawn.
        lr: highest learning rate.
        batch: samples in one step.
        weight_decay: AdamW's, on every parameter.
        rise: fraction 0–1 of the steps in which the learning rate rises.
        seed: of the initial weights and the order of samples.
    """

    epochs: int
    lr: float = 4e-3
    batch: int = 50
    weight_decay: float = 0.02
    rise: float = 0.3
    seed: int = 0


SCHEDULES = {
    "resnet8": Schedule(epochs=30),
    "resnet20": Schedule(epochs=60, rise=0.15, weight_decay=0.1),
    "vgg": Schedule(epochs=30, lr=3e-3, rise=0.15, weight_decay=0.1),
    "mobilenet": Schedule(epochs=60, rise=0.15, weight_decay=0.1),
    "vit": Schedule(epochs=100, lr=1.5e-3, rise=0.15, weight_decay=0.1),
    "article": Schedule(epochs=40, lr=2e-3),
    "unet": Schedule(epochs=45, lr=6e-3, rise=0.15, weight_decay=0.1),
}


def train(model: nn.Module, data: Data, schedule: Schedule) -> Iterator[float]:
    """Train ``model`` in place; yield the mean loss of each epoch.

    Args:
        model: a fresh network.
        data: its samples, with a train split.
        schedule: how long and how fast.
    """
    if data.train is None:
        raise ValueError("Training needs a train split.")
    generator = torch.Generator().manual_seed(schedule.seed)
    steps = len(data.train(0)) // schedule.batch
    optimizer = torch.optim.AdamW(model.parameters(), schedule.lr, weight_decay=schedule.weight_decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, schedule.lr, total_steps=schedule.epochs * steps, pct_start=schedule.rise
    )
    model.train()
    for epoch in range(1, schedule.epochs + 1):
        samples = data.train(epoch)
        total = 0.0
        order = torch.randperm(len(samples), generator=generator)[: steps * schedule.batch]
        for rows in torch.split(order, schedule.batch):
            inputs = samples.inputs[rows].to(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(inputs), samples.targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            cycle.step()
            total += loss.item()
        yield total / steps
    model.eval()


def count_correct(model: nn.Module, split: Split) -> int:
    """Count the samples whose largest logit is their class."""
    with torch.inference_mode():
        batches = zip(torch.split(split.inputs, BATCH), torch.split(split.targets, BATCH), strict=True)
        return sum(
            int((model(inputs.to(memory_format=torch.channels_last)).argmax(1) == targets).sum())
            for inputs, targets in batches
        )


def mean_iou(model: nn.Module, split: Split, classes: int) -> float:
    """Average the intersection over the union of every class of pixels, from one table of confusions.

    Args:
        model: images to logits ``(n, classes, height, width)``.
        split: its targets ``(n, height, width)``.
        classes: how many there are.
    """
    table = torch.zeros(classes * classes, dtype=torch.long)
    with torch.inference_mode():
        for inputs, targets in zip(torch.split(split.inputs, BATCH), torch.split(split.targets, BATCH), strict=True):
            said = model(inputs.to(memory_format=torch.channels_last)).argmax(1)
            table += torch.bincount((classes * targets + said).flatten(), minlength=classes * classes)
    confusions = table.view(classes, classes).double()
    both = confusions.diag()
    return float((both / (confusions.sum(0) + confusions.sum(1) - both)).mean())


def result(bundled: Bundled, model: nn.Module, split: Split, classes: int) -> dict[str, float | int]:
    """Measure a network by its task's metric, for its card."""
    if metric_named(bundled.metric).counts:
        return {"correct": count_correct(model, split), "n": len(split)}
    return {"value": round(mean_iou(model, split, classes), 4), "n": len(split)}


def store(bundled: Bundled, model: nn.Module, schedule: Schedule, data: Data, folder: Path) -> dict[str, object]:
    """Write checkpoint and card; return the card."""
    checkpoint, card = folder / f"{bundled.name}.safetensors", folder / f"{bundled.name}.json"
    aside = checkpoint.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, aside)
    os.replace(aside, checkpoint)
    facts: dict[str, object] = {
        "params": sum(parameter.numel() for parameter in model.parameters()),
        "validation": result(bundled, model, data.validation, len(data.classes)),
        "test": result(bundled, model, data.test, len(data.classes)) if data.test else None,
        "epochs": schedule.epochs,
        "seed": schedule.seed,
        "torch": torch.__version__,
        "digest": digest(model),
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
    }
    aside.write_text(json.dumps(facts, indent=2) + "\n")
    os.replace(aside, card)
    return facts


def main() -> None:
    """Train the network named on the command line and store its checkpoint and card."""
    parser = argparse.ArgumentParser(prog="python -m prunekit.tasks.train", description=__doc__)
    parser.add_argument("name", choices=sorted(SCHEDULES))
    name = parser.parse_args().name
    schedule, bundled = SCHEDULES[name], BUNDLED[name]
    torch.set_num_threads(1)
    torch.manual_seed(schedule.seed)
    model, data = bundled.make_network(), bundled.make_data()
    for epoch, loss in enumerate(train(model, data, schedule), start=1):
        print(f"epoch {epoch}/{schedule.epochs}  loss {loss:.4f}", flush=True)
    print(json.dumps(store(bundled, model, schedule, data, CHECKPOINTS), indent=2))


if __name__ == "__main__":
    main()
