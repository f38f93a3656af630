"""Which back end a network's program runs on: the fastest whose outputs equal the network's own."""

from collections.abc import Generator, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.program.agreement import close
from prunekit.program.cuts import Cut
from prunekit.program.forward import answer, at_rest
from prunekit.program.half import Half
from prunekit.program.operations import NoPlanError, Operations, operations
from prunekit.program.outputs import finish
from prunekit.program.program import BACKENDS, PLANNED, Program, layout

MAKERS = {"half": Half}
"""The classes of back ends that need more than a plan or a replay."""
CHECKS = 4
"""Samples that a back end is compared on."""


def trusted(
    model: nn.Module, structure: Structure, example: Tensor, backends: Sequence[str] = BACKENDS
) -> Generator[None, None, Program]:
    """Make the program of a network.

    The back ends are tried from the quickest to the plainest; each is compared with the network's
    own forward pass on a few samples and a few cuts before it is trusted.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        example: a few real samples ``(n, …)``.
        backends: which back ends may run, in the order they are tried; ``forward`` comes last always.

    Yields:
        ``None`` after each short stretch of work.
    """
    example = layout(example[:CHECKS])
    source: Operations | None = None
    refused: dict[str, str] = {}
    for backend in backends:
        try:
            if backend in PLANNED and source is None:
                source = yield from operations(model, example)
            program = MAKERS.get(backend, Program)(model, structure, example, backend, source, refused)
            yield
            for inputs, cut in _probes(program, structure, example):
                _check(program, model, inputs, cut)
                yield
        except NoPlanError as error:
            refused[backend] = str(error)
        else:
            return program
    return Program(model, structure, example, "forward", None, refused)


def program_of(model: nn.Module, structure: Structure, example: Tensor, backends: Sequence[str] = BACKENDS) -> Program:
    """Make the program of a network at once; see ``trusted``."""
    return finish(trusted(model, structure, example, backends))


def _check(program: Program, model: nn.Module, inputs: Tensor, cut: Cut) -> None:
    """Compare with the network's own forward pass.

    Raises:
        NoPlanError: they differ.
    """
    with at_rest(model):
        expected = answer(partial(torch.func.functional_call, model, dict(cut.tensors)), inputs)
        again = answer(partial(torch.func.functional_call, model, dict(cut.tensors)), inputs)
    if not close(expected, again):
        raise NoPlanError("the network answers differently each time")
    try:
        batch = program.dense(inputs)
        output = program.suffix(batch, cut) if cut.tensors else batch.logits
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise NoPlanError(f"it fails: {str(error).partition(chr(10))[0]}") from error
    if not program.agrees(output, expected):
        raise NoPlanError("it answers differently from the network's own forward pass")


def _probes(program: Program, structure: Structure, example: Tensor) -> Iterator[tuple[Tensor, Cut]]:
    """Yield samples and cuts to compare on: the whole network, on fewer samples, and with weights zeroed."""
    yield example, Cut({})
    yield example[:1], Cut({})
    weights = [layer.weight for layer in structure.layers]
    for name in dict.fromkeys((*weights[:1], *weights[len(weights) // 2 :][:1], *weights[-1:])):
        half = program.state[name].clone(memory_format=torch.contiguous_format)
        half.view(-1)[::2] = 0.0
        yield example, Cut({name: half})
