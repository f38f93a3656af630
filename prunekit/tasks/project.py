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

The code that is named here runs, so open project files only of people you trust. No browser can name any.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunekit.errors import TaskError, listed
from prunekit.tasks.checkpoint import load_checkpoint
from prunekit.tasks.functions import import_function
from prunekit.tasks.program import open_program
from prunekit.tasks.project_data import Preparation, project_data
from prunekit.tasks.settings import Settings, check_settings, read_settings
from prunekit.tasks.task import Data, OwnMetric, Task

BATCH = 250


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
    shape = tuple(settings["input"]) if "input" in settings else None
    fit, factory_path = None, ""
    factory: Callable[..., Any]
    if "program" in settings:
        factory = partial(open_program, folder / settings["program"])
        model = factory()
    else:
        made = import_function(settings["factory"], folder)
        factory = partial(made, **settings.get("arguments", {})) if settings.get("arguments") else made
        factory_path = _absolute(settings["factory"], folder)
        model = _network(factory, settings["factory"])
        if "checkpoint" in settings:
            fit = load_checkpoint(model, folder / settings["checkpoint"], strict=settings.get("strict", True))
    model.eval()
    labelled: list[bool] = []

    def label(inputs: Tensor) -> Tensor:
        labelled.append(False)
        return _answers(model, inputs)

    data = project_data(
        settings["data"],
        folder,
        shape,
        settings.get("classes"),
        limit=settings.get("limit"),
        prepare=_preparation(settings, folder),
        label=label,
    )
    data = _check_output(model, data, named="classes" in settings)
    own = _own_metric(settings, folder)
    metric = own.name if own else _metric(settings.get("metric"), data, has_labels=not labelled)
    return Task(
        name=settings["name"],
        title=settings["name"],
        model=model,
        factory=factory,
        factory_path=factory_path,
        arguments=settings.get("arguments", {}),
        data=data,
        metric=metric,
        own_metric=own,
        card={"about": about + (" Without labels, the dense network's answers are the targets." if labelled else "")},
        fit=fit,
    )


def _preparation(settings: Settings, folder: Path) -> Preparation:
    def numbers(key: str) -> tuple[float, ...]:
        value = settings.get(key, [])
        return tuple(map(float, value if isinstance(value, list) else [value]))

    function = import_function(settings["preprocess"], folder) if "preprocess" in settings else None
    return Preparation(numbers("mean"), numbers("std"), function)


def _own_metric(settings: Settings, folder: Path) -> OwnMetric | None:
    named = settings.get("metric", "")
    if ":" not in named:
        return None
    name = named.rpartition(":")[2]
    return OwnMetric(name, import_function(named, folder), settings.get("higher_is_better", True))


def _metric(asked: str | None, data: Data, *, has_labels: bool) -> str:
    """Return the metric that was asked for, or the usual one."""
    of_pixels = data.validation.targets.ndim > 1
    if asked is None:
        return "mean IoU" if of_pixels else "accuracy" if has_labels else "agreement"
    if of_pixels and asked != "mean IoU":
        raise TaskError(f"Targets with a class for every pixel are measured by mean IoU, not by {asked!r}.")
    if not of_pixels and asked == "mean IoU":
        raise TaskError("The metric mean IoU needs a class for every pixel; these targets have one for each sample.")
    return asked


def _network(factory: Callable[..., Any], path: str) -> nn.Module:
    try:
        model = factory()
    except Exception as error:
        raise TaskError(f"The factory {path} raised {type(error).__name__}: {error}.") from error
    if not isinstance(model, nn.Module):
        raise TaskError(f"The factory {path} must return a torch.nn.Module; it returned {type(model).__name__}.")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise TaskError(
            f"The factory {path} returned a TorchScript program, which cannot be cut; return the network's own class, "
            "or export it with torch.export and name the .pt2 file as program."
        )
    if lazy := [name for name, tensor in model.named_parameters() if is_lazy(tensor)]:
        raise TaskError(
            f"The factory {path} returned a network that does not know the sizes of {listed(lazy)} yet; let it run the "
            "network once, on any input, before it returns it."
        )
    return model


def _answers(model: nn.Module, inputs: Tensor) -> Tensor:
    """Return the class that the network says, for each sample or pixel."""
    return torch.cat([_run(model, part).argmax(1) for part in torch.split(inputs, BATCH)])


def _run(model: nn.Module, inputs: Tensor) -> Tensor:
    version = inputs._version  # torch counts what is written in place
    try:
        with torch.no_grad():
            output = model(inputs)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".") + _of_another_kind(model, inputs)
        raise TaskError(f"The network cannot run on input of shape {tuple(inputs.shape[1:])}: {reason}.") from error
    if inputs._version != version:
        raise TaskError(
            "The network writes into its input, which would change the samples for all that is measured after; let it "
            "work on a copy, as with x = x.clone() or x = x - 0.5 in place of x -= 0.5."
        )
    if not isinstance(output, Tensor) or output.ndim < 2:
        given = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise TaskError(
            f"The network must return logits (batch, classes, …); it returned {given}. Let the factory wrap it in a "
            "module that returns them."
        )
    return output


def _of_another_kind(model: nn.Module, inputs: Tensor) -> str:
    """Say what to do where weights and samples are floats of different kinds; nothing where they are not."""
    kinds = {str(tensor.dtype) for tensor in model.parameters() if tensor.is_floating_point()} - {str(inputs.dtype)}
    if not kinds or not inputs.is_floating_point():
        return ""
    return f"; its weights are {listed(sorted(kinds))} and the samples {inputs.dtype}, so let the factory convert it"


def _check_output(model: nn.Module, data: Data, *, named: bool) -> Data:
    """Check that the network's outputs are the data's classes; classes that nobody named are as many as outputs."""
    targets = data.validation.targets[:2]
    output = _run(model, data.validation.inputs[:2])
    given, expected = tuple(output.shape), (len(targets), len(data.classes), *targets.shape[1:])
    if given != expected and not named and given[1] > expected[1] and given[2:] == expected[2:]:
        more = tuple(map(str, range(len(data.classes), given[1])))
        return Data(data.validation, data.test, data.train, (*data.classes, *more), data.note)
    if given != expected:
        raise TaskError(f"The network must return logits (batch, classes), here {expected}; it returned {given}.")
    return data


def _absolute(path: str, folder: Path) -> str:
    where, _, name = path.partition(":")
    return f"{(folder / where).resolve()}:{name}" if where.endswith(".py") else path
