"""torch-pruning on a network of the battery: what it cuts of it, and whether what is left is exact.

Its groups are cut one at a time, half of the units at random, on a copy each. The reference is the dense network whose
consumers do not read what was cut, by torch-pruning's own account of who consumes; layer and group normalisations take
their statistics over what stays.
"""

import contextlib
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunekit.graph import named_tensors
from prunekit.records import Group, Member
from tests.graph.battery.case import Case

SECONDS = 20
"""After which a network counts as one on which the analysis hangs."""
DRAWS = 2
"""Random cuts of each group, all of which have to be exact."""
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


@dataclass
class Outcome:
    """What became of a network.

    Attributes:
        groups: how many groups were found.
        exact: the dimensions that the exact cuts shortened.
        wrong: how many cuts ran and answered something else.
        failed: the first error, of the analysis, a cut or a cut network.
        seconds: CPU time of the analysis.
    """

    groups: int = 0
    exact: list[frozenset[Member]] = field(default_factory=list)
    wrong: int = 0
    failed: str | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """The worst that happened."""
        if self.wrong:
            return "silently wrong"
        if self.failed:
            return "crashed"
        return "exact" if self.exact else "nothing found"


def cut_by_peer(case: Case, outputs: list[str], most: int | None = None) -> Outcome:
    """Let torch-pruning cut a network, told which layers make the output; of large ones so many groups at most."""
    found = Outcome()
    model, inputs = case.model(), case.inputs()
    begun = process_time()
    with _quietly(), _limited(found):
        found.groups = len(_groups(model, inputs, outputs)[1])
        found.seconds = process_time() - begun
    if found.failed:
        return found
    indices = range(0, found.groups, max(1, found.groups // most) if most else 1)[:most]
    with _quietly(), _limited(found, len(indices) if most else 1):
        for index in indices:
            with _noted(found):
                _cut(found, case, inputs, outputs, index)
    return found


def outputs_of(groups: tuple[Group, ...]) -> list[str]:
    """Name the layers whose channels are the network's answer; torch-pruning has to be told."""
    return [layer for group in groups if group.protected in ENDS for layer in group.layers]


ENDS = ("network output", "log_softmax over channels")


def _groups(model: nn.Module, inputs: Any, outputs: list[str]) -> tuple[Any, list[Any]]:
    import torch_pruning as tp

    graph = tp.DependencyGraph()
    graph.build_dependency(model, example_inputs=inputs)
    ignored = [module for name, module in model.named_modules() if name in outputs]
    return graph, list(graph.get_all_groups(ignored_layers=ignored))


def _cut(found: Outcome, case: Case, inputs: Any, outputs: list[str], index: int) -> None:
    cut: set[Member] = set()
    for draw in range(DRAWS):
        model = case.model()
        graph, groups = _groups(model, inputs, outputs)
        root = groups[index][0]
        size = len(root.idxs)
        if size < 2:
            return
        order = torch.randperm(size, generator=torch.Generator().manual_seed(DRAWS * index + draw)).tolist()
        gone = [root.idxs[i] for i in sorted(order[: size // 2])]
        group = graph.get_pruning_group(root.dep.target.module, root.dep.handler, gone)
        if not graph.check_pruning_group(group):
            raise ValueError("its own check refuses the cut")
        unread, silent = (_reference(case, model, group, silence) for silence in (False, True))
        before = {name: tuple(tensor.shape) for name, tensor in named_tensors(model)}
        group.prune()
        with torch.no_grad():
            answer = _leaves(_run(model, inputs))
            if not any(_same(answer, _leaves(_run(dense, inputs))) for dense in (unread, silent)):
                found.wrong += 1
                return
        cut |= {
            Member(name, dim)
            for name, tensor in named_tensors(model)
            for dim, size in enumerate(tensor.shape)
            if size < before[name][dim]
        }
    found.exact.append(frozenset(cut))


def _same(answer: list[Tensor], wanted: list[Tensor]) -> bool:
    pairs = zip(answer, wanted, strict=True)
    return all(a.shape == b.shape and torch.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


def _reference(case: Case, model: nn.Module, group: Any, silence: bool) -> nn.Module:
    """Make the dense network that does not read what a group cuts, or in which that is zero where it is made."""
    dense = case.model()
    modules, tensors = dict(dense.named_modules()), dict(dense.named_parameters())
    names = {id(module): name for name, module in model.named_modules()}
    names |= {id(tensor): name for name, tensor in model.named_parameters()}
    for dep, idxs in group:
        name = names.get(id(dep.target.module), "")
        if name in tensors:
            _zero(tensors[name], idxs, getattr(dep.target, "pruning_dim", None))
        elif isinstance(modules.get(name), NORMS):
            _mask_statistics(modules[name], idxs)
        elif name in modules and silence != dep.handler.__name__.endswith("in_channels"):
            (_zero_rows if silence else _zero_columns)(modules[name], idxs)
    return dense


def _zero_rows(module: nn.Module, idxs: list[int]) -> None:
    made = 1 if isinstance(module, nn.modules.conv._ConvTransposeNd | nn.Embedding) else 0
    for name, tensor in module.named_parameters(recurse=False):
        _zero(tensor, idxs, made if name == "weight" and tensor.ndim > 1 else 0)


def _zero_columns(module: nn.Module, idxs: list[int]) -> None:
    grouped = getattr(module, "groups", 1) > 1  # what a grouped convolution reads is seen in what it makes
    if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and not grouped:
        _zero(module.weight, idxs, 0 if getattr(module, "transposed", False) else 1)


def _zero(tensor: Tensor, idxs: list[int], dim: int | None) -> None:
    """Zero positions of a dimension, or of the last that has them; those that are nowhere are left out."""
    fits = [d for d, size in enumerate(tensor.shape) if size > max(idxs)]
    place = dim if dim in fits else fits[-1] if fits and dim is None else None
    if place is not None:
        with torch.no_grad():
            tensor.transpose(0, place)[idxs] = 0


def _mask_statistics(module: nn.Module, idxs: list[int]) -> None:
    def forward(x: Tensor) -> Tensor:
        if isinstance(module, nn.GroupNorm):
            size = x.shape[1]
            keep = torch.tensor([i for i in range(size) if i not in idxs])
            parts = []
            for channels in torch.arange(size).chunk(module.num_groups):
                inside = channels[torch.isin(channels, keep)]
                flat = x[:, inside].flatten(1)
                shape = (-1, *[1] * (x.ndim - 1))
                mean, spread = flat.mean(1).view(shape), flat.var(1, correction=0).view(shape)
                parts.append((x[:, channels] - mean) * (spread + module.eps).rsqrt())
            shape = (1, -1, *[1] * (x.ndim - 2))
            return torch.cat(parts, 1) * module.weight.view(shape) + module.bias.view(shape)
        keep = torch.tensor([i for i in range(x.shape[-1]) if i not in idxs])
        kept = x[..., keep]
        if isinstance(module, nn.RMSNorm):
            return x * (kept.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps).rsqrt() * module.weight
        mean, spread = kept.mean(-1, keepdim=True), kept.var(-1, correction=0, keepdim=True)
        return (x - mean) * (spread + module.eps).rsqrt() * module.weight + module.bias

    module.forward = forward


def _run(model: nn.Module, inputs: Any) -> Any:
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


def _leaves(values: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]


@contextlib.contextmanager
def _noted(found: Outcome) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise
    except Exception as error:
        found.failed = found.failed or f"{type(error).__name__}: {str(error).partition(chr(10))[0][:80]}"


@contextlib.contextmanager
def _limited(found: Outcome, parts: int = 1) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(parts * SECONDS)
    try:
        with _noted(found):
            yield
    except TimeoutError:
        found.failed = f"hangs: no answer after {parts * SECONDS} s"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        warnings.simplefilter("ignore")
        yield
