import pytest
import torch

from prunekit.cut.precision import Precision
from prunekit.quantize.codes import encode, quantize
from prunekit.recipe import BITS


def weight(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_four_bits_are_fifteen_levels_up_to_the_largest_magnitude():
    # 7 steps to each side: a step is 7 ÷ 7 = 1 in the first row and 3.5 ÷ 7 = 0.5 in the second.
    given = torch.tensor([[7.0, 2.4, -0.6, 0.0], [3.5, -3.5, 0.2, 0.3]])
    found = encode(given, Precision(4, 0))
    assert found.values.tolist() == [[7, 2, -1, 0], [7, -7, 0, 1]]
    assert found.scale.tolist() == [1.0, 0.5]
    assert quantize(given, Precision(4, 0)).tolist() == [[7.0, 2.0, -1.0, 0.0], [3.5, -3.5, 0.0, 0.5]]


def test_ternary_is_zero_below_seven_tenths_of_the_mean():
    # Mean magnitude (1 + 3 + 4 + 8) ÷ 4 = 4, threshold 2.8; the mean above it is (3 + 4 + 8) ÷ 3 = 5.
    assert quantize(torch.tensor([[1.0, -3.0, 4.0, 8.0]]), Precision(2, 0)).tolist() == [[0.0, -5.0, 5.0, 5.0]]


def test_binary_is_the_sign_times_the_mean():
    assert quantize(torch.tensor([[1.0, -3.0, 0.0, 8.0]]), Precision(1, 0)).tolist() == [[3.0, -3.0, 3.0, 3.0]]
    assert quantize(torch.tensor([[1.0, -3.0, 0.0, 8.0]]), Precision(1, 0, zeros=True)).tolist() == [[4.0, -4.0, 0, 4]]


def test_sixteen_bits_are_half_precision():
    assert quantize(torch.tensor([[1.0 + 2**-12, 0.1]]), Precision(16, 0)).tolist() == [[1.0, 0.0999755859375]]


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("dim", [0, 1])
def test_quantising_twice_is_quantising_once_and_zeros_stay(bits, dim):
    given = weight(6, 5, 3, 3)
    given[1], given[:, 2], given[torch.rand_like(given) < 0.4] = 0.0, 0.0, 0.0
    precision = Precision(bits, dim, zeros=True)
    found = quantize(given, precision)
    assert torch.equal(quantize(found, precision), found)
    assert (found[given == 0] == 0).all()
    assert found.dtype == given.dtype


@pytest.mark.parametrize("bits", [8, 6, 4, 3])
def test_an_error_is_at_most_half_a_step(bits):
    given = weight(8, 20)
    step = given.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    assert ((quantize(given, Precision(bits, 0)) - given).abs() <= 0.5001 * step).all()


def test_eight_bits_are_those_of_torch():
    given = weight(8, 20)
    scale = given.abs().amax(1) / 127
    expected = torch.fake_quantize_per_channel_affine(given, scale, torch.zeros(8, dtype=torch.int32), 0, -127, 127)
    assert torch.allclose(quantize(given, Precision(8, 0)), expected, rtol=2**-15, atol=0)
