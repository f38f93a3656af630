"""A task made of objects: a network and its samples as a person holds them in a script or a notebook."""

import copy
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunekit.errors import RAISED, TaskError, close_matches, said
from prunekit.objectives import Metric, Samples, own_metric
from prunekit.tasks.datasets import ACCEPTED, read_samples, tensor_of
from prunekit.tasks.folding import fold, results_of
from prunekit.tasks.own_answers import answers, check_output
from prunekit.tasks.own_network import in_eval_mode, inside, unusable
from prunekit.tasks.project import metric_of
from prunekit.tasks.project_data import SPLITS, checked, project_data
from prunekit.tasks.samples import Label
from prunekit.tasks.task import Data, Task
from prunekit.tasks.zoo import TASKS

Splits = Mapping[str, Any] | Path | str


def task_of(
    model: nn.Module,
    splits: Splits,
    *,
    example: Any = None,
    metric: str | Metric | Callable[[nn.Module, Samples], float] | None = None,
    classes: Sequence[str] | None = None,
    name: str | None = None,
) -> Task:
    """Make a task of a network and its samples, both copied.

    Args:
        model: the network on any device and in any mode; it is not changed.
        splits: samples by split, ``validation`` among them, each as ``read_samples`` takes it; or the path of an
            ``.npz`` file or a folder, as in a project file.
        example: inputs ``(n, …)`` as the network takes them: images of a folder are brought to their shape, and
            without any samples they are what the smaller network has to agree on with the dense one.
        metric: what counts as good: a name, or ``(network, samples) → fraction 0–1``; ``None`` is accuracy, for a
            class per pixel mean IoU, without labels agreement.
        classes: class names in target order; ``None`` numbers them.
        name: what the task is called; ``None`` is the network's class in small letters.

    Returns:
        The task, its network on the CPU in eval mode.

    Raises:
        TaskError: a network that cannot be copied or run, or samples that do not fit it.
    """
    own = copied(model)
    folded = fold(own)
    labelled: list[bool] = []

    def label(inputs: Tensor) -> Tensor:
        labelled.append(False)
        return answers(own, inputs)

    with torch.random.fork_rng(devices=[]):
        data = _data(splits, example, classes, label)
        data = check_output(own, data, named=classes is not None)
    if 0 < len(labelled) < sum(part is not None for part in (data.validation, data.test, data.train)):
        raise TaskError(
            "Some splits have targets and some have none; give targets for all, or None for all, which measures the "
            "agreement with the dense network."
        )
    if callable(metric):
        metric = own_metric(getattr(metric, "__name__", type(metric).__name__), metric)
    elif not isinstance(metric, Metric):
        metric = metric_of(metric, data, has_labels=not labelled)
    kind = type(inside(model)).__name__
    return Task(
        name=_checked_name(name, kind),
        title=name or kind,
        model=own,
        factory=lambda: copy.deepcopy(own),
        factory_path=_importable(own),
        data=data,
        metric=metric.name,
        own_metric=metric if metric.origin else None,
        folded=folded,
        card={"about": f"A copy of a {kind} in memory, on the CPU and in eval mode. {data.note}"},
    )


def copied(model: nn.Module) -> nn.Module:
    """Copy a network to the CPU, in eval mode and without gradients; wrappers are taken off.

    Raises:
        TaskError: no network, or one that cannot be copied or cut.
    """
    if not isinstance(model, nn.Module):
        raise TaskError(
            f"A network is a torch.nn.Module, a bundled task's name, or the path of a .toml or .pt2 file, not "
            f"{type(model).__name__}."
        )
    model = inside(model)
    memo = results_of(model)
    for path, tensor in chain(model.named_parameters(), model.named_buffers()):
        if tensor.is_meta:
            raise TaskError(f"The network's {path} is on the device 'meta' and has no values; fill it with weights.")
        if tensor.device.type != "cpu" and not is_lazy(tensor):
            here = tensor.detach().cpu()  # not by way of a second copy over there
            memo[id(tensor)] = nn.Parameter(here, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else here
    try:
        own = copy.deepcopy(model, memo)
    except RAISED as error:
        raise TaskError(
            f"The network cannot be copied, and only a copy is ever cut: copy.deepcopy raised {said(error)}; let it "
            "keep no results of a pass and nothing open in its attributes."
        ) from error
    if reason := unusable(own):
        raise TaskError(f"The network is a {reason}.")
    return in_eval_mode(own)


def _data(splits: Splits, example: Any, classes: Sequence[str] | None, label: Label) -> Data:
    shape = None if example is None else tuple(tensor_of(example, "example inputs").shape[1:])
    if isinstance(splits, str | Path):
        return project_data(str(splits), Path.cwd(), shape, classes, label=label)
    if example is not None and not splits:
        splits = {"validation": (example, None)}
    for split in splits:
        if split not in SPLITS:
            raise TaskError(f"Unknown split {split!r}; {close_matches(split, SPLITS)}")
    if "validation" not in splits:
        raise TaskError(f"There are no validation samples to measure on; give validation=, {ACCEPTED}.")
    read = {split: read_samples(source, split, label) for split, source in splits.items()}
    samples = {split: split_samples for split, (split_samples, _) in read.items()}
    train = samples.get("train")
    data = Data(
        validation=samples["validation"],
        test=samples.get("test"),
        train=None if train is None else lambda epoch: train,
        classes=(),
        note=" ".join(f"{len(part):,} {split} samples, read {source}." for split, (part, source) in read.items()),
    )
    data = checked(data, train, shape, classes)
    return replace(data, note=f"{data.note} No samples are split off.")


def _checked_name(name: str | None, kind: str) -> str:
    """Return what a task is called; it names files, too."""
    if name is None:
        name = re.sub(r"\W", "", kind).lower() or "network"
        return f"my-{name}" if name in TASKS else name
    if not re.fullmatch(r"\w[\w-]*", name):
        raise TaskError(f"A task's name is letters, digits, - and _, for it names files, not {name!r}.")
    if name in TASKS:
        raise TaskError(f"{name!r} is the name of a bundled task; choose another.")
    return name


def _importable(model: nn.Module) -> str:
    """Return as ``module:class`` how another process makes this network untrained; empty where it cannot."""
    kind = type(model)
    module = sys.modules.get(kind.__module__)
    if kind.__module__ == "__main__" or getattr(module, kind.__qualname__, None) is not kind:
        return ""
    try:
        with torch.random.fork_rng(devices=[]):
            fresh = kind()
    except RAISED:
        return ""
    return f"{kind.__module__}:{kind.__qualname__}" if _parts(fresh) == _parts(model) else ""


def _parts(model: nn.Module) -> tuple[list[tuple[str, str]], list[tuple[str, tuple[int, ...]]]]:
    modules = [(path, type(module).__qualname__) for path, module in model.named_modules()]
    return modules, [(path, tuple(tensor.shape)) for path, tensor in model.state_dict().items()]
