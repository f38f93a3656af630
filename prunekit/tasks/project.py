"""One's own network: a ``prunekit.toml`` names factory, checkpoint and data, and opens as a task.

The file holds six keys, paths relative to it::

    name = "parity"
    factory = "nets.py:small_net"      # or "module:function"; makes the untrained network
    checkpoint = "small_net.pt"        # safetensors, or a state dict that torch.save wrote
    input = [1, 14, 14]                # shape of one sample
    data = "digits.npz"                # or "file.py:function", "module:function"
    classes = ["even", "odd"]          # may be left out: 0, 1, 2, …

The factory's code runs, so open project files only of people you trust.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import TaskError, close_matches
from prunekit.tasks.checkpoint import load_checkpoint
from prunekit.tasks.functions import import_function
from prunekit.tasks.project_data import project_data
from prunekit.tasks.task import Data, Task
from prunekit.tasks.zoo import TASKS

_KEYS: dict[str, str] = {
    "name": "a text",
    "factory": "a text such as nets.py:small_net",
    "checkpoint": "the path of a file",
    "input": "the shape of one sample, such as [3, 32, 32]",
    "data": "the path of an .npz file, or file.py:function",
    "classes": "a list of names",
}


def open_project(path: Path) -> Task:
    """Open the task that a project file describes; this runs the code that it names.

    Args:
        path: a ``prunekit.toml``.

    Returns:
        The task, its network filled from the checkpoint and in eval mode.

    Raises:
        TaskError: a key is missing, unknown or unusable, or network and data do not fit.
        CheckpointError: the checkpoint does not fit the network.
    """
    settings = _settings(path)
    folder = path.resolve().parent
    shape = tuple(settings["input"])
    factory = import_function(settings["factory"], folder)
    model = _network(factory, settings["factory"])
    load_checkpoint(model, folder / settings["checkpoint"])
    data = project_data(settings["data"], folder, shape, settings.get("classes"))
    model.eval()
    _check_output(model, shape, data)
    return Task(
        name=settings["name"],
        title=settings["name"],
        model=model,
        factory=factory,
        factory_path=_absolute(settings["factory"], folder),
        data=data,
        card={"about": f"Opened from {path}."},
    )


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TaskError(f"The project file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaskError(f"The project file {path} is not valid TOML: {error}.") from None
    for key in settings:
        if key not in _KEYS:
            raise TaskError(f"{path.name} has the unknown key {key!r}; {close_matches(key, _KEYS)}")
    for key, meaning in _KEYS.items():
        if key not in settings and key != "classes":
            raise TaskError(f"{path.name} lacks {key!r}: {meaning}.")
        if key in settings and not _fits(key, settings[key]):
            raise TaskError(f"{path.name} gives {key!r} the value {settings[key]!r}; expected {meaning}.")
    if settings["name"] in TASKS:
        raise TaskError(f"{path.name} uses the name {settings['name']!r} of a bundled task; choose another.")
    return settings


def _fits(key: str, value: Any) -> bool:
    if key == "input":
        return isinstance(value, list) and value != [] and all(type(size) is int and size > 0 for size in value)
    if key == "classes":
        return isinstance(value, list) and len(value) > 1 and all(isinstance(name, str) for name in value)
    return isinstance(value, str) and value != ""


def _network(factory: Callable[..., Any], path: str) -> nn.Module:
    try:
        model = factory()
    except Exception as error:
        raise TaskError(f"The factory {path} raised {type(error).__name__}: {error}.") from error
    if not isinstance(model, nn.Module):
        raise TaskError(f"The factory {path} must return a torch.nn.Module; it returned {type(model).__name__}.")
    return model


def _check_output(model: nn.Module, shape: tuple[int, ...], data: Data) -> None:
    samples = data.validation.inputs[:2]
    try:
        with torch.no_grad():
            output = model(samples)
    except Exception as error:
        raise TaskError(f"The network cannot run on input of shape {shape}: {error}.") from error
    expected = (len(samples), len(data.classes))
    if not isinstance(output, Tensor) or tuple(output.shape) != expected:
        given = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise TaskError(f"The network must return logits (batch, classes), here {expected}; it returned {given}.")


def _absolute(path: str, folder: Path) -> str:
    where, _, name = path.partition(":")
    return f"{(folder / where).resolve()}:{name}" if where.endswith(".py") else path
