"""The ways to a tensor's numbers that are no operations: Python's, numpy's, other libraries'."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CPU, META = torch.device("cpu"), torch.device("meta")


class Readers(TorchFunctionMode):
    """Sees those ways while a forward pass runs.

    Args:
        note: what is told the name of the reading function and the values that it reads.
    """

    def __init__(self, note: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._note = note

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func == _DATA:
            return args[0].detach()  # which is the same here, and seen
        if func in READERS or (func in COLLECTORS and args and not isinstance(args[-1], Tensor)):
            read = args[1:] if func is Tensor.new_tensor else args  # of the tensor itself it takes device and type
            self._note(READERS.get(func) or COLLECTORS[func], (read, kwargs))
            if (kwargs or {}).get("device", args[0].device if func is Tensor.new_tensor else CPU) == META:
                return func(*args, **{**(kwargs or {}), "device": CPU}).to(META)  # else its values would be lost
        return func(*args, **(kwargs or {}))


_DATA = Tensor.data.__get__  # type: ignore[attr-defined]
READERS = {
    getattr(Tensor, name): f"Tensor.{name}"
    for name in "tolist numpy __array__ __dlpack__ __deepcopy__ __reduce_ex__ data_ptr storage untyped_storage".split()
}
"""Methods that give out a tensor's numbers, or the memory they lie in."""
COLLECTORS = {
    torch.tensor: "torch.tensor",
    torch.as_tensor: "torch.as_tensor",
    torch.asarray: "torch.asarray",
    Tensor.new_tensor: "Tensor.new_tensor",
}
"""Functions that read the numbers of tensors in a list; of a tensor alone they make a copy, which is seen."""
