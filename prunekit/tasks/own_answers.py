"""The outputs of a user's own network, checked before anything is measured."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from prunekit.errors import RAISED, TaskError, listed, said
from prunekit.tasks.task import Data

BATCH = 250


def answers(model: nn.Module, inputs: Tensor) -> Tensor:
    """Return the class that the network predicts, for each sample or pixel.

    Raises:
        TaskError: as ``run``.
    """
    return torch.cat([run(model, part).argmax(1) for part in torch.split(inputs, BATCH)])


def run(model: nn.Module, inputs: Tensor) -> Tensor:
    """Run the network on samples as they will be measured.

    Raises:
        TaskError: it cannot, changes them, or returns something else than logits.
    """
    version = inputs._version  # torch counts what is written in place
    try:
        with torch.no_grad():
            output = model(inputs)
    except RAISED as error:
        shape, way = tuple(inputs.shape[1:]), _way_out(model, inputs)
        raise TaskError(f"The network cannot run on input of shape {shape}: {said(error)}{way}.") from error
    if inputs._version != version:
        raise TaskError(
            "The network writes into its input, which would change the samples for all that is measured after; let it "
            "work on a copy, as with x = x.clone() or x = x - 0.5 in place of x -= 0.5."
        )
    if not isinstance(output, Tensor) or output.ndim < 2:
        description = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise TaskError(
            f"The network must return logits (batch, classes, …); it returned {description}; wrap it in a module "
            "that returns them."
        )
    if output.dtype not in (torch.float32, torch.float64):
        raise TaskError(
            f"The network must return logits of torch.float32, not of {output.dtype}; end it with .float()."
        )
    if output.isnan().any():
        raise TaskError(
            "The network answers NaN (not a number) to samples that are numbers; fill it with weights that answer, or "
            "prepare the samples as it was trained on them."
        )
    return output


def _way_out(model: nn.Module, inputs: Tensor) -> str:
    """Say what to do where a network cannot run: what helps when it is tried."""
    kinds = {str(tensor.dtype) for tensor in model.parameters() if tensor.is_floating_point()} - {str(inputs.dtype)}
    if kinds and inputs.is_floating_point():
        return f"; its weights are {listed(sorted(kinds))} and the samples {inputs.dtype}, so convert it"
    first = inputs[:2].detach()
    for kind in (torch.float32, torch.int64):
        if not inputs.is_complex() and kind != inputs.dtype and _runs(model, first.to(kind)):
            return f"; the samples are {inputs.dtype}, and as {kind} it can, so give them as that"
    if inputs.ndim > 2 and _runs(model, moved := first.movedim(-1, 1).contiguous()):
        return f"; with the last axis first, {tuple(moved.shape[1:])}, it can, so give x.movedim(-1, 1)"
    return ""


def _runs(model: nn.Module, inputs: Tensor) -> bool:
    try:
        with torch.no_grad():
            model(inputs)
    except RAISED:
        return False
    return True


def check_output(model: nn.Module, data: Data, *, named: bool) -> Data:
    """Check that the network's outputs are the data's classes; without class names there is one for each output.

    Raises:
        TaskError: other outputs, or as ``run``.
    """
    first, targets = data.validation.inputs[:2], data.validation.targets[:2]
    with _hidden_layers(model) as hidden:
        output = run(model, first)
    if hidden:
        raise TaskError(
            f"The network keeps layers in a plain list, tuple or dictionary, {listed(hidden)}, where PyTorch does not "
            "see their weights; keep them in an nn.ModuleList or nn.ModuleDict."
        )
    with torch.inference_mode():
        if not _runs(copy.deepcopy(model), first):  # what it keeps of a pass in this mode could not be trained with
            raise TaskError(
                "The network computes gradients in its forward pass, and is measured where there are none; give "
                "one that answers without."
            )
    shape, expected = tuple(output.shape), (len(targets), len(data.classes), *targets.shape[1:])
    other_classes = shape[2:] == expected[2:] and not named
    if other_classes and shape[1] > expected[1]:
        more = tuple(map(str, range(len(data.classes), shape[1])))
        return replace(data, classes=(*data.classes, *more))
    if shape[1] == 1:
        raise TaskError(
            "The network has one output, so none is the largest, and networks that answer with numbers instead of "
            "classes are not supported; where it is the logit z of the second of two classes, wrap it in a module "
            "that returns torch.cat([torch.zeros_like(z), z], 1)."
        )
    lowest, highest = int(data.validation.targets.min()), int(data.validation.targets.max())
    if other_classes and shape[1] < expected[1] == highest + 1:
        raise TaskError(
            f"The targets go from {lowest} to {highest}, but the network's outputs are {shape[1]}, one for each class "
            f"from 0; number the classes from 0 to {shape[1] - 1}, where no number stands for none, or return a "
            f"network with {expected[1]} outputs."
        )
    if shape != expected:
        raise TaskError(f"The network must return logits (batch, classes), here {expected}; it returned {shape}.")
    return data


@contextmanager
def _hidden_layers(model: nn.Module) -> Iterator[list[str]]:
    """List the attributes that hold layers which run while the block does, but are no submodules."""
    known, ran = set(model.modules()), list[str]()
    hooks = []
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            for layer in inside:
                if isinstance(layer, nn.Module) and layer not in known and next(layer.parameters(), None) is not None:
                    place = f"{path}.{name}" if path else name
                    hooks.append(layer.register_forward_pre_hook(lambda *_, place=place: _note(ran, place)))
    try:
        yield ran
    finally:
        for hook in hooks:
            hook.remove()


def _note(ran: list[str], place: str) -> None:
    if place not in ran:
        ran.append(place)
