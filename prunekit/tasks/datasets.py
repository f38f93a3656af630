"""Samples that a person holds already: arrays, a list, a Dataset or a DataLoader, read into memory as they are.

Numbers stay what they are, for a person's own network takes them so: nothing is scaled, and only double precision
becomes single. Reading is repeatable, and neither random generator nor loader are as they were not before.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from prunekit.errors import RAISED, TaskError, listed, said
from prunekit.tasks.samples import Label
from prunekit.tasks.task import Split

BATCH = 256
ACCEPTED = "a pair of arrays (X, y), a list of samples (x, y), a Dataset or a DataLoader"


def read_samples(source: Any, name: str, label: Label) -> tuple[Split, str]:
    """Read samples into memory.

    A shuffling ``DataLoader`` is read in the order of its dataset, and the rest that it would drop as well; one with
    a sampler of its own, which may be what chooses the split, gives what it gives.

    Args:
        source: a pair ``(X, y)`` of arrays, tensors or lists, ``y`` possibly ``None``; a list of samples ``(x, y)``; a
            ``Dataset`` or ``DataLoader`` of one input and one target for each sample.
        name: what the split is called.
        label: says what the targets are, where they are ``None``.

    Returns:
        The samples, and a phrase that says where they were read from.

    Raises:
        TaskError: something else, or samples that cannot be read.
    """
    try:
        with _chance_untouched(source):
            (inputs, targets), origin = _read(source, name)
    except TaskError:
        raise
    except RAISED as error:
        raise TaskError(f"The {name} samples cannot be read: {said(error)}.") from error
    if inputs.is_floating_point():
        inputs = inputs.float()
    if targets is None:
        return Split(inputs, label(inputs)), f"{origin}, without labels"
    return Split(inputs, targets if targets.is_floating_point() else targets.long()), origin


def _read(source: Any, name: str) -> tuple[tuple[Tensor, Tensor | None], str]:
    if isinstance(source, DataLoader):
        batches, order = _batches_of(source)
        return _joined(batches, name), f"from a DataLoader {order}"
    if isinstance(source, Dataset):
        whole: Any = source
        if not hasattr(source, "__len__"):
            raise TaskError(f"The {name} Dataset does not say its length; give {ACCEPTED} that ends.")
        samples = (whole[i] for i in range(len(whole)))
        return _stacked(samples, name), f"from a Dataset ({type(source).__name__})"
    if isinstance(source, list) and not (source and all(hasattr(part, "shape") for part in source)):
        return _stacked(source, name), "from a list"
    inputs, targets = _pair(source, f"The {name} samples")
    y = None if targets is None else tensor_of(targets, f"{name} targets")
    return (tensor_of(inputs, f"{name} inputs"), y), "from arrays"


def _batches_of(loader: DataLoader[Any]) -> tuple[Iterable[Any], str]:
    """Return a loader's batches, and in which order they are."""
    sampler: Any = loader.sampler
    shuffles = isinstance(sampler, RandomSampler)
    whole = not shuffles or (not sampler.replacement and sampler.num_samples == len(sampler.data_source))
    usual = isinstance(sampler, RandomSampler | SequentialSampler) and type(loader.batch_sampler) is BatchSampler
    if not (usual and whole):
        return loader, "in the order of its own sampler"
    plain = DataLoader(loader.dataset, batch_size=loader.batch_size, collate_fn=loader.collate_fn)
    return plain, "in the order of its dataset" + (", without shuffling" if shuffles else "")


def _joined(batches: Iterable[Any], name: str) -> tuple[Tensor, Tensor]:
    """Join batches of inputs and targets."""
    pairs = [_pair(batch, f"The batches of the {name} DataLoader") for batch in batches]
    if not pairs:
        raise TaskError(f"There are no {name} samples in the DataLoader; give at least one.")
    inputs, targets = zip(*pairs, strict=True)
    _check_single(inputs[0], name)
    return (
        torch.cat([tensor_of(part, f"{name} inputs") for part in inputs]),
        torch.cat([tensor_of(part, f"{name} targets") for part in targets]),
    )


def _stacked(samples: Iterable[Any], name: str) -> tuple[Tensor, Tensor | None]:
    """Make a batch of single samples."""
    pairs = [_pair(sample, f"The {name} samples") for sample in samples]
    if not pairs:
        raise TaskError(f"There are no {name} samples; give at least one.")
    inputs, targets = zip(*pairs, strict=True)
    _check_single(inputs[0], name)
    y = None if all(target is None for target in targets) else tensor_of(targets, f"{name} targets")
    return tensor_of([tensor_of(x, f"{name} inputs") for x in inputs], f"{name} inputs"), y


def _check_single(inputs: Any, name: str) -> None:
    """Refuse what a network of several inputs takes."""
    if isinstance(inputs, Mapping) or (isinstance(inputs, list | tuple) and any(hasattr(x, "shape") for x in inputs)):
        raise TaskError(
            f"Each of the {name} samples must have one input that is an array, not {len(inputs)} in a "
            f"{type(inputs).__name__}; wrap the network in a module that takes one tensor."
        )


def _pair(pair: Any, what: str) -> tuple[Any, Any]:
    """Return a pair of inputs and targets."""
    if isinstance(pair, Mapping):
        keys = listed([repr(key) for key in pair])
        raise TaskError(f"{what} must be pairs of inputs and targets, not dictionaries of {keys}; give (X, y).")
    if not isinstance(pair, tuple | list):
        raise TaskError(f"{what} must be {ACCEPTED}, not {type(pair).__name__}.")
    if len(pair) != 2:
        raise TaskError(f"{what} must be pairs of one input and its target, not of {len(pair)} values; give (X, y).")
    return pair[0], pair[1]


def tensor_of(values: Any, what: str) -> Tensor:
    """Copy numbers into a tensor on the CPU, whatever holds them.

    Args:
        values: an array, a tensor on any device, or a list of numbers, arrays or tensors.
        what: what an error calls them.

    Raises:
        TaskError: no numbers, or not as many everywhere.
    """
    if isinstance(values, Tensor):
        return values.detach().to("cpu", copy=True)
    if type(values).__module__.startswith("PIL."):
        raise TaskError(f"The {what} are images of PIL; let the Dataset make tensors of them in its transform.")
    if isinstance(values, Sequence) and values and isinstance(values[0], Tensor):
        if len(shapes := {tuple(value.shape) for value in values}) > 1:
            raise TaskError(f"The {what} must have one shape; there are {listed([str(s) for s in sorted(shapes)])}.")
        return torch.stack([value.detach().cpu() for value in values])
    try:
        array = np.array(values, order="C")
    except ValueError as error:
        raise TaskError(f"The {what} are no array of numbers: {said(error)}.") from error
    if array.dtype.kind in "US":
        raise TaskError(f"The {what} are texts; give numbers, of classes from 0, and name the classes.")
    if array.dtype.kind not in "biufc":
        kind = type(values[0] if isinstance(values, Sequence) and values else values).__name__
        raise TaskError(f"The {what} must be arrays or tensors of numbers, not {kind}; convert them first.")
    return torch.from_numpy(array)


@contextmanager
def _chance_untouched(source: Any) -> Iterator[None]:
    """Leave every random generator as it was: loaders draw a seed, datasets may augment."""
    own = [getattr(place, "generator", None) for place in (source, getattr(source, "sampler", None))]
    states = [(generator, generator.get_state()) for generator in own if isinstance(generator, torch.Generator)]
    plain, numbers = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(plain)
        np.random.set_state(numbers)
        for generator, state in states:
            generator.set_state(state)
