import gzip

import torch
from torch import nn

from prunekit.measure.sizes import gzip_bytes, nonzero, stored, tensor_bytes


def test_bytes_of_parameters_and_persistent_buffers():
    # 8·3·9 + 8 weights and biases, 4 × 8 for the norm, one 64-bit counter
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    net.register_buffer("scratch", torch.zeros(100), persistent=False)
    assert tensor_bytes(net) == 4 * (216 + 8 + 32) + 8


def test_a_tied_tensor_is_counted_once():
    net = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    net[1].weight = net[0].weight
    assert tensor_bytes(net) == 64
    assert nonzero(net) == 16


def test_gzip_is_that_of_the_raw_bytes():
    net = nn.Linear(50, 20)
    raw = net.weight.detach().numpy().tobytes() + net.bias.detach().numpy().tobytes()
    assert gzip_bytes(stored(net)) == len(gzip.compress(raw, 6))


def test_zeros_compress_but_do_not_shrink():
    net = nn.Linear(50, 50)
    before, size = gzip_bytes(stored(net)), tensor_bytes(net)
    with torch.no_grad():
        net.weight[:, :40] = 0
    assert gzip_bytes(stored(net)) < before / 2
    assert tensor_bytes(net) == size
    assert nonzero(net) == 50 * 10 + 50
