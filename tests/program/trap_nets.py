"""Networks that do, each, one thing a plan could get wrong."""

import torch
from torch import nn
from torch.nn import functional as F


def _convolutions():
    return nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 4)


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn, self.conv2, self.fc = _convolutions()


class InPlace(Base):
    """The normalised value is read again after it was rectified in place."""

    def forward(self, x):
        x = self.bn(self.conv1(x))
        y = F.relu(x, inplace=True)
        y = self.conv2(y)
        y += x
        return self.fc(y.mean((2, 3)))


class WrittenView(Base):
    """Half of the channels are doubled in place through a view, and the whole is read."""

    def forward(self, x):
        x = self.conv1(x)
        x[:, :4].mul_(2.0)
        return self.fc(self.conv2(x).mean((2, 3)))


class Viewed(Base):
    """A view that channels-last order does not have."""

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x)))
        n, c, h, w = x.shape
        x = self.conv2(x.view(n, c, h * w).view(n, c, h, w))
        return self.fc(x.reshape(n, 8, -1).mean(-1))


class Shared(Base):
    """One convolution is called twice."""

    def forward(self, x):
        x = self.conv1(x)
        return self.fc(self.conv2(F.relu(self.bn(self.conv2(x)))).mean((2, 3)))


class Dropped(Base):
    """Dropout of two kinds, which eval mode takes out."""

    def forward(self, x):
        x = F.dropout(self.bn(self.conv1(x)), 0.5, self.training, inplace=True)
        return self.fc(F.dropout2d(self.conv2(x), 0.5, self.training).mean((2, 3)))


class Branches(Base):
    """Two branches with different activations, one of them over the sum."""

    def forward(self, x):
        x = F.relu6(self.bn(self.conv1(x)))
        a, b = F.silu(self.conv2(x)), F.hardswish(x, inplace=False)
        return self.fc(F.relu(a + b).amax((2, 3)))


class Tokens(nn.Module):
    """Batch and heads are folded into one dimension, a token is expanded to the batch, parts are split off."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.proj = nn.Linear(8, 8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = self.embed(x.flatten(2).transpose(1, 2))
        n = x.shape[0]
        x = torch.cat([self.token.expand(n, -1, -1), x], 1)
        q, k, v = self.qkv(self.norm(x)).split(8, -1)
        q, k, v = (t.reshape(n, -1, 2, 4).transpose(1, 2).reshape(n * 2, -1, 4) for t in (q, k, v))
        y = torch.softmax(torch.bmm(q, k.transpose(1, 2)) * 0.5, -1) @ v
        y = y.view(n, 2, -1, 4).transpose(1, 2).reshape(n, -1, 8)
        return self.fc(F.gelu(x + self.proj(y))[:, 0])


class Constants(Base):
    """Tensors that are no parameter: one the module holds, one the forward pass writes down."""

    def __init__(self):
        super().__init__()
        self.scale = torch.linspace(0.5, 1.5, 6).view(6, 1)

    def forward(self, x):
        x = self.bn(self.conv1(x)) * self.scale + torch.tensor([0.25])
        return self.fc(F.relu(self.conv2(x)).mean((2, 3)))


class Chance(Base):
    """Noise in the forward pass."""

    def forward(self, x):
        return self.fc((self.conv2(self.conv1(x)) + torch.randn(8, 1, 1)).mean((2, 3)))


class BatchStatistics(Base):
    """BatchNorm without running statistics."""

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, track_running_stats=False)

    def forward(self, x):
        return self.fc(self.conv2(self.bn(self.conv1(x))).mean((2, 3)))


class Turned(Base):
    """A product with a turned weight that adds its bias, which comes first."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(8, 6)), nn.Parameter(torch.randn(6))
        self.out = nn.Linear(6, 4)

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x))).mean((2, 3))
        return self.out(F.relu(torch.addmm(self.bias, x, self.weight)))


PLANNED = (InPlace, Viewed, Shared, Dropped, Branches, Tokens, Constants, Turned)
"""A plan runs these."""
UNPLANNED = (WrittenView, BatchStatistics)
"""Only the network's own forward pass runs these."""


def make(kind, seed=0):
    """Make one in eval mode with BatchNorm statistics that are not the identity."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = kind()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.3)
                if module.running_mean is not None:
                    nn.init.normal_(module.running_mean, std=0.3)
                    nn.init.uniform_(module.running_var, 0.5, 1.5)
        return net.eval()
