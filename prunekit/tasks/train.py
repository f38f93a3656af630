"""Train a bundled network anew: ``python -m prunekit.tasks.train resnet8``.

Seed and steps are fixed, so a retrained network lands within half a point of the card's
accuracy; its bits depend on the processor and on torch.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from prunekit.objectives import metric_named
from prunekit.tasks.bundled import CHECKPOINTS, Bundled, Training
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split
from prunekit.tasks.zoo import BUNDLED

BATCH = 250


def train(model: nn.Module, data: Data, training: Training) -> Iterator[float]:
    """Train ``model`` in place; yield the mean loss of each epoch.

    Args:
        model: a fresh network.
        data: its samples, with a train split.
        training: how long and how fast.
    """
    if data.train is None:
        raise ValueError("Training needs a train split.")
    generator = torch.Generator().manual_seed(training.seed)
    steps = len(data.train(0)) // training.batch
    optimizer = torch.optim.AdamW(model.parameters(), training.lr, weight_decay=training.weight_decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.lr, total_steps=training.epochs * steps, pct_start=training.rise
    )
    model.train()
    for epoch in range(1, training.epochs + 1):
        samples = data.train(epoch)
        total = 0.0
        order = torch.randperm(len(samples), generator=generator)[: steps * training.batch]
        for rows in torch.split(order, training.batch):
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
            predicted = model(inputs.to(memory_format=torch.channels_last)).argmax(1)
            table += torch.bincount((classes * targets + predicted).flatten(), minlength=classes * classes)
    confusions = table.view(classes, classes).double()
    both = confusions.diag()
    return float((both / (confusions.sum(0) + confusions.sum(1) - both)).mean())


def result(bundled: Bundled, model: nn.Module, split: Split, classes: int) -> dict[str, float | int]:
    """Measure a network by its task's metric, for its card."""
    if metric_named(bundled.metric).counts:
        return {"correct": count_correct(model, split), "n": len(split)}
    return {"value": round(mean_iou(model, split, classes), 4), "n": len(split)}


def store(bundled: Bundled, model: nn.Module, data: Data, folder: Path) -> dict[str, object]:
    """Write checkpoint and card; return the card."""
    checkpoint, card = folder / f"{bundled.name}.safetensors", folder / f"{bundled.name}.json"
    aside = checkpoint.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, aside)
    os.replace(aside, checkpoint)
    facts: dict[str, object] = {
        "params": sum(parameter.numel() for parameter in model.parameters()),
        "validation": result(bundled, model, data.validation, len(data.classes)),
        "test": result(bundled, model, data.test, len(data.classes)) if data.test else None,
        "epochs": bundled.training.epochs,
        "seed": bundled.training.seed,
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
    parser.add_argument("name", choices=sorted(BUNDLED))
    bundled = BUNDLED[parser.parse_args().name]
    training = bundled.training
    torch.set_num_threads(1)
    torch.manual_seed(training.seed)
    model, data = bundled.make_network(), bundled.make_data()
    for epoch, loss in enumerate(train(model, data, training), start=1):
        print(f"epoch {epoch}/{training.epochs}  loss {loss:.4f}", flush=True)
    print(json.dumps(store(bundled, model, data, CHECKPOINTS), indent=2))


if __name__ == "__main__":
    main()
