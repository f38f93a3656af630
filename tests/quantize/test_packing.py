import pytest
import torch

from prunekit.cut.precision import Precision
from prunekit.quantize.codes import encode
from prunekit.quantize.packing import pack, pack_state, unpack


@pytest.mark.parametrize("bits", range(1, 9))
def test_what_was_packed_comes_back(bits):
    values = torch.randint(2**bits, (3, 7), generator=torch.Generator().manual_seed(bits))
    more = torch.tensor([1, 0, 1])
    packed = pack([(values, bits), (more, 1)])
    assert len(packed) == -(-(21 * bits + 3) // 8)
    first, second = unpack(packed, [(21, bits), (3, 1)])
    assert torch.equal(first.view(3, 7), values)
    assert torch.equal(second, more)


def test_a_state_is_stored_in_so_many_bits():
    weight = torch.randn(5, 9, generator=torch.Generator().manual_seed(0))
    sparse = weight.masked_fill(weight < 0, 0.0)
    state = {"a": weight, "b": sparse, "c": weight, "bias": torch.ones(5)}
    stored = pack_state(state, {"a": Precision(3, 0), "b": Precision(1, 0, zeros=True), "c": Precision(16, 0)})
    assert {name: tuple(tensor.shape) for name, tensor in stored.items()} == {
        "a.scale": (5,),
        "b.scale": (5,),
        "c": (5, 9),
        "bias": (5,),
        "packed": ((45 * 3 + 45 * 2 + 7) // 8,),
    }
    assert stored["c"].dtype == torch.half
    a, b = unpack(stored["packed"], [(45, 3), (45, 2)])
    assert torch.equal(a.view(5, 9) - 3, encode(weight, Precision(3, 0)).values.long())
    assert torch.equal(b.view(5, 9) - 1 != 0, sparse != 0)
