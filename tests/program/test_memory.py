import torch

from prunekit.program.memory import Memory


def floats(n):
    return [torch.zeros(n)]


def test_what_was_used_the_longest_ago_is_forgotten_first():
    memory = Memory(limit=40)
    memory.put("a", floats(4))
    memory.put("b", floats(4))
    assert memory.get("a") is not None  # now b is the older one
    memory.put("c", floats(3))
    assert memory.get("b") is None
    assert memory.get("a") is not None
    assert memory.get("c") is not None
    assert memory.bytes == 4 * 4 + 4 * 3


def test_what_is_larger_than_the_limit_is_not_held_and_counts_for_nothing():
    memory = Memory(limit=12)
    memory.put("small", floats(2))
    memory.put("large", floats(4))
    assert memory.get("large") is None
    assert memory.bytes <= 12


def test_putting_twice_counts_once_and_a_view_counts_with_all_that_it_keeps_alive():
    memory = Memory(limit=1000)
    memory.put("a", [torch.zeros(10)[:2]])
    memory.put("a", floats(3))
    assert memory.bytes == 40
