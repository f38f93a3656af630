"""Watches the operations of a forward pass while it runs, before autograd takes composite ones apart."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, fx
from torch._dispatch.python import enable_python_dispatcher
from torch.fx.experimental.proxy_tensor import ProxyTorchDispatchMode
from torch.fx.node import map_aggregate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from prunekit.graph.readers import CPU, META, Readers

_ALONE = threading.Lock()
"""PyTorch keeps the modes that stand before autograd in one place for all threads."""


class Watch(ProxyTorchDispatchMode):
    """Sees each operation before autograd does; only a subclass of this mode may stand there."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # skipping it would import it

    def __init__(self) -> None:
        # The parent's own constructor imports the compiler.
        TorchDispatchMode.__init__(self, torch._C.DispatchKey.PreDispatch)  # type: ignore[no-untyped-call]
        self._mode_key = torch._C._TorchDispatchModeKey.PROXY
        self.enter_stack = []
        self._nodes = WeakTensorKeyDictionary()  # by identity, while the tensor lives: activations are let go

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.prim.device.default:
            return func(*args, **(kwargs or {}))
        if func is torch.ops.aten.lift_fresh.default:
            func = torch.ops.aten.lift_fresh_copy.default  # a literal of the forward pass, made anew in each pass
        return self.see(func, args, kwargs or {})

    def see(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation of the pass and return its result."""
        raise NotImplementedError

    def nodes_of(self, values: Any) -> Any:
        """Replace the tensors in nested values by their nodes, and the device without values by the one with them."""
        return map_aggregate(values, self._written_down)

    def _written_down(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._node(value)
        return CPU if value == META else value

    def _node(self, tensor: Tensor) -> fx.Node | Tensor:
        raise NotImplementedError


@contextlib.contextmanager
def watching(watch: Watch, note: Callable[[str, Any], None]) -> Iterator[None]:
    """Run what stands inside under a watch, without gradients.

    Args:
        watch: what sees the operations.
        note: what is told the name of the reading function and the values that are read in other ways.
    """
    with _ALONE, torch.no_grad(), _whole_attention(), enable_python_dispatcher(), watch, Readers(note):
        yield


@lru_cache(None)
def reads_values(func: Any) -> bool:
    """Whether an operation reads the values of tensors and returns a number."""
    return torch.Tag.data_dependent_output in func.tags or func is torch.ops.aten.is_nonzero.default


def run(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation; where one of its tensors is on ``meta``, the others go there too."""
    with torch._C._DisablePythonDispatcher():
        return _run(func, args, kwargs)


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    tensors = tensors_in((args, kwargs))
    if not any(tensor.is_meta for tensor in tensors):
        return func(*args, **kwargs)
    if not all(tensor.is_meta for tensor in tensors):
        args, kwargs = _replaced((args, kwargs), lambda tensor: tensor if tensor.is_meta else twin(tensor))
    try:
        return func(*args, **kwargs)
    except Exception:
        # What is wrong is said in other words on meta; where values are there, an operation says it before it reads.
        args, kwargs = _replaced((args, kwargs), lambda tensor: torch.zeros_like(tensor, device=CPU))
        func(*args, **kwargs)
        raise


def tensors_in(values: Any) -> list[Tensor]:
    """Return the tensors in nested values."""
    tensors: list[Tensor] = []
    map_aggregate(values, lambda value: tensors.append(value) if isinstance(value, Tensor) else None)
    return tensors


def twin(tensor: Tensor) -> Tensor | None:
    """Return a tensor of the same shape, strides and dtype that holds no memory."""
    if tensor.layout is not torch.strided or tensor.is_nested:
        return None
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the tensors that an operation writes into."""
    arguments = {**dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)), **kwargs}
    return [arguments.get(a.name) for a in func._schema.arguments if a.alias_info and a.alias_info.is_write]


def _replaced(values: Any, change: Callable[[Tensor], Any]) -> Any:
    return map_aggregate(values, lambda value: change(value) if isinstance(value, Tensor) else value)


@contextlib.contextmanager
def _whole_attention() -> Iterator[None]:
    """Keep ``nn.MultiheadAttention`` and the Transformer layers from running as one opaque kernel."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
