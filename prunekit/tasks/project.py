"""One's own network: a ``prunekit.toml`` says how it is made, filled and measured, and opens as a task.

Paths are relative to the file. Only ``name``, ``factory`` (or ``program``) and ``data`` must be there::

    name = "parity"
    factory = "nets.py:small_net"      # or "module:function"; makes the untrained network
    arguments = { width = 16 }         # of the factory
    checkpoint = "small_net.pt"        # safetensors, or what torch.save wrote; without one the factory's weights stay
    strict = true                      # false: a checkpoint that fits in part fills that part
    program = "small_net.pt2"          # instead of factory and checkpoint: an exported program
    input = [1, 14, 14]                # shape of one sample; may be left out where the data say it
    data = "digits.npz"                # or a folder of images or of CIFAR, "sklearn:digits", "file.py:function"
    limit = 1000                       # at most so many samples of each split
    classes = ["even", "odd"]          # may be left out: the data's own, else 0, 1, 2, …
    mean = [0.5]                       # taken off, and divided by std, after uint8 became 0–1
    std = [0.25]
    preprocess = "nets.py:prepare"     # instead of mean and std: inputs (n, …) → inputs
    metric = "accuracy"                # top-5, mean IoU, or "file.py:function": metric(model, data) → 0 to 1
    higher_is_better = true            # of a metric of one's own
    use = ["my_criteria.py"]           # files that register criteria, metrics and export formats of one's own

The code that is named here runs, so open project files only of people you trust. No browser can name any.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from prunekit.errors import TaskError
from prunekit.objectives import IN_WORDS, Metric, metric_named, own_metric, usual
from prunekit.tasks.checkpoint import load_checkpoint
from prunekit.tasks.folding import fold, folding
from prunekit.tasks.functions import import_function
from prunekit.tasks.own_answers import answers, check_output
from prunekit.tasks.own_code import use
from prunekit.tasks.own_network import made
from prunekit.tasks.program import open_program
from prunekit.tasks.project_data import project_data
from prunekit.tasks.samples import Preparation
from prunekit.tasks.settings import Settings, check_settings, read_settings
from prunekit.tasks.task import Data, Task


def open_project(path: Path, flags: Settings | None = None) -> Task:
    """Open the task that a project file describes; this runs the code that it names.

    Args:
        path: a ``prunekit.toml``.
        flags: settings that go over those of the file; their paths are absolute.

    Returns:
        The task, its network filled from the checkpoint and in eval mode.

    Raises:
        TaskError: a key is missing, unknown or unusable, or network and data do not fit.
        CheckpointError: the checkpoint does not fit the network.
    """
    return _open(read_settings(path, flags or {}), path.resolve().parent, f"Opened from {path}.")


def open_settings(settings: Settings) -> Task:
    """Open the task that settings without a project file describe; this runs the code that they name.

    Raises:
        TaskError: as ``open_project``.
        CheckpointError: as ``open_project``.
    """
    return _open(check_settings(settings, "The command line"), Path.cwd(), "Opened from the command line.")


def _open(settings: Settings, folder: Path, about: str) -> Task:
    use(settings.get("use", []), folder)
    shape = tuple(settings["input"]) if "input" in settings else None
    fit, factory_path = None, ""
    factory: Callable[..., Any]
    if "program" in settings:
        factory = partial(open_program, folder / settings["program"])
        model = factory()
    else:
        factory = import_function(settings["factory"], folder)
        if settings.get("arguments"):
            factory = partial(factory, **settings["arguments"])
        factory_path = _absolute(settings["factory"], folder)
        model = made(factory, settings["factory"])
        if "checkpoint" in settings:
            fit = load_checkpoint(model, folder / settings["checkpoint"], strict=settings.get("strict", True))
    folded = fold(model)
    labelled: list[bool] = []

    def label(inputs: Tensor) -> Tensor:
        labelled.append(False)
        return answers(model, inputs)

    data = project_data(
        settings["data"],
        folder,
        shape,
        settings.get("classes"),
        limit=settings.get("limit"),
        prepare=_preparation(settings, folder),
        label=label,
    )
    data = check_output(model, data, named="classes" in settings)
    metric = _metric(settings, folder) or metric_of(settings.get("metric"), data, has_labels=not labelled)
    return Task(
        name=settings["name"],
        title=settings["name"],
        model=model,
        factory=folding(factory) if folded else factory,
        factory_path=factory_path,
        arguments=settings.get("arguments", {}),
        data=data,
        metric=metric.name,
        own_metric=metric if metric.origin else None,
        card={"about": about + (" Without labels, the dense network's answers are the targets." if labelled else "")},
        fit=fit,
        folded=folded,
    )


def _preparation(settings: Settings, folder: Path) -> Preparation:
    def numbers(key: str) -> tuple[float, ...]:
        value = settings.get(key, [])
        return tuple(map(float, value if isinstance(value, list) else [value]))

    function = import_function(settings["preprocess"], folder) if "preprocess" in settings else None
    return Preparation(numbers("mean"), numbers("std"), function)


def _metric(settings: Settings, folder: Path) -> Metric | None:
    """Return the metric of a function that is named by its file or module; ``None`` where none is."""
    named = settings.get("metric", "")
    if ":" not in named:
        return None
    name = named.rpartition(":")[2]
    return own_metric(name, import_function(named, folder), settings.get("higher_is_better", True))


def metric_of(name: str | None, data: Data, *, has_labels: bool) -> Metric:
    """Return the metric that the settings name, or the usual one.

    Raises:
        TaskError: nobody knows it, or it does not go with these targets.
    """
    kind = data.validation.kind
    fitting = usual(kind, labels=has_labels)
    metric = fitting if name is None else metric_named(name)
    if metric.targets not in (None, kind):
        raise TaskError(
            f"The metric {metric.name} needs {IN_WORDS[metric.targets]}; these targets have {IN_WORDS[kind]}, so "
            f"measure by {fitting.name}."
        )
    return metric


def _absolute(path: str, folder: Path) -> str:
    where, _, name = path.partition(":")
    return f"{(folder / where).resolve()}:{name}" if where.endswith(".py") else path
