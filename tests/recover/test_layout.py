import subprocess
import sys

import torch
from torch import nn

from prunekit.recover.layout import memory_layout
from prunekit.tasks.task import Split


def test_a_strided_pointwise_convolution_is_not_trained_channels_last():
    # Where it is, these channel counts end the process within a few steps; so the steps run in one of their own.
    code = """
import torch
from torch import nn
from prunekit.quantize.straight_through import quantize_
from prunekit.recover.layout import memory_layout
from prunekit.tasks.task import Split
torch.set_num_threads(1)
net = nn.Sequential(nn.Conv2d(6, 12, 1, stride=2), nn.ReLU())
for _ in range(30):
    inputs = torch.randn(64, 6, 28, 28)
    inputs = inputs.to(memory_format=memory_layout(net, Split(inputs, inputs))).requires_grad_()
    net(inputs).sum().backward()
    [torch.randn(7) for _ in range(100)]
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    images = torch.randn(2, 6, 8, 8)
    assert memory_layout(nn.Conv2d(6, 12, 3, stride=2), Split(images, images)) is torch.channels_last


def test_code_that_views_memory_is_not_trained_channels_last():
    images = torch.randn(2, 3, 4, 4)
    net = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Unflatten(1, (5, 1)), Viewed())
    assert memory_layout(net, Split(images, images)) is torch.contiguous_format


class Viewed(nn.Module):
    def forward(self, x):
        return x.view(len(x), -1)
