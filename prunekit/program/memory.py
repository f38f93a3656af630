"""A memory for values of earlier passes, bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence

from torch import Tensor


class Memory:
    """Tensors by key; where they grow beyond the limit, those that were used the longest ago are forgotten.

    Args:
        limit: bytes that may be held.

    Example:
        >>> import torch
        >>> memory = Memory(limit=8)
        >>> memory.put("a", [torch.zeros(1)]), memory.put("b", [torch.zeros(1)]), memory.put("c", [torch.zeros(1)])
        (None, None, None)
        >>> memory.get("a"), memory.get("c"), memory.bytes
        (None, (tensor([0.]),), 8)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._held: OrderedDict[Hashable, tuple[Tensor, ...]] = OrderedDict()

    def get(self, key: Hashable) -> tuple[Tensor, ...] | None:
        """Return what was put under a key, ``None`` where it was not or is forgotten."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: Hashable, values: Sequence[Tensor]) -> None:
        """Hold tensors under a key, which names their content."""
        if key in self._held:
            return
        self._held[key] = tuple(values)
        self.bytes += _bytes(values)
        while self.bytes > self.limit:
            _, oldest = self._held.popitem(last=False)
            self.bytes -= _bytes(oldest)


def _bytes(values: Sequence[Tensor]) -> int:
    return sum(value.untyped_storage().nbytes() for value in values)
