"""MLPs, recurrent networks, look-up tables, several inputs and outputs, and what has no rule."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    fc1 | 6 | fc1> >fc2
    fc2 | 5 | fc2> bn >fc3
    fc3 | 3 | fc3> | log_softmax over channels
""", (4,))  # fmt: skip
class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.bn, self.fc3 = nn.Linear(4, 6), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)

    def forward(self, x):
        return F.log_softmax(self.fc3(torch.tanh(self.bn(self.fc2(F.selu(self.fc1(x)))))), -1)


@net("""
    a | 8 | a> norm >b
    b | 5 | b> >c
    c | 3 | c> | network output
""", (4,))  # fmt: skip
class NormedMlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b, self.c = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.c(F.relu(self.b(F.relu(self.norm(self.a(x))))))


@net("""
    embed | 6 | embed> mix> >mix
""", (4,), tokens=9)  # fmt: skip
class TiedEmbedding(nn.Module):
    """The table makes the channels and reads them again."""

    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.out = nn.Embedding(9, 6), nn.Linear(6, 6), nn.Linear(6, 9, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        x = self.embed(x)
        return self.out(x + F.relu(self.mix(x)))


@net("""
    embed | 4 | embed> >rnn
    rnn | 5 | rnn> >out
    out | 3 | out> | network output
""", (5,), tokens=9)  # fmt: skip
class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.out = nn.Embedding(9, 4), nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.rnn(self.embed(x))[0][:, -1])


@net("""
    before | 4 | before> >rnn
    rnn | 3 | rnn> >after
    after | 6 | after> >out
    out | 3 | out> | network output
""", (5, 2))  # fmt: skip
class Gru(nn.Module):
    """Two directions."""

    def __init__(self):
        super().__init__()
        self.before, self.rnn = nn.Linear(2, 4), nn.GRU(4, 3, batch_first=True, bidirectional=True)
        self.after, self.out = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(F.relu(self.after(self.rnn(F.relu(self.before(x)))[0].mean(1))))


@net("""
    body | 5 | body> >trunk
    trunk | 6 | trunk> >cls >box
    cls | 3 | cls> | network output
    box | 4 | box> | network output
""")
class Detector(nn.Module):
    """A dictionary of outputs."""

    def __init__(self):
        super().__init__()
        self.body, self.trunk, self.cls, self.box = (
            nn.Conv2d(3, 5, 3),
            nn.Conv2d(5, 6, 3),
            nn.Linear(6, 3),
            nn.Linear(6, 4),
        )

    def forward(self, x):
        x = F.relu(self.trunk(F.relu(self.body(x)))).mean((2, 3))
        return {"cls": self.cls(x), "box": (self.box(x), None)}


@net("""
    code | 5 | code> >mean >spread
    mean | 2 | mean> >grow | network output
    spread | 2 | spread> | network output
    grow | 5 | grow> >out
    out | 4 | out> | network output
""", (4,))  # fmt: skip
class Variational(nn.Module):
    """A tuple of outputs; in eval mode the code is its mean."""

    def __init__(self):
        super().__init__()
        self.code, self.mean, self.spread = nn.Linear(4, 5), nn.Linear(5, 2), nn.Linear(5, 2)
        self.grow, self.out = nn.Linear(2, 5), nn.Linear(5, 4)

    def forward(self, x):
        code = F.relu(self.code(x))
        mean = self.mean(code)
        return self.out(F.relu(self.grow(mean))), mean, self.spread(code)


@net("""
    body | 4 | body> >last
    last | 6 | last> | <reason>
""".replace("<reason>", "sum over channels"), (3, 5, 5), (3, 5, 5))  # fmt: skip
class Siamese(nn.Module):
    """Two inputs through one network; their distance."""

    def __init__(self):
        super().__init__()
        self.body, self.last = nn.Conv2d(3, 4, 3), nn.Linear(4, 6)

    def tower(self, x):
        return self.last(F.relu(self.body(x)).mean((2, 3)))

    def forward(self, a, b):
        return (self.tower(a) - self.tower(b)).abs().sum(1)


@net("""
    look | 4 | look> >out
    read | 5 | read> >out
    out | 3 | out> | network output
""", {"image": (3, 5, 5), "numbers": (4,)})  # fmt: skip
class TwoKinds(nn.Module):
    """A dictionary of inputs."""

    def __init__(self):
        super().__init__()
        self.look, self.read, self.out = nn.Conv2d(3, 4, 3), nn.Linear(4, 5), nn.Linear(9, 3)

    def forward(self, batch):
        seen = F.relu(self.look(batch["image"])).mean((2, 3))
        return self.out(torch.cat([seen, F.relu(self.read(batch["numbers"]))], -1))


@net("""
    a | 5 | a> >b
    b | 6 | b> >out
    out | 3 | out> | network output
""", (2, 7))  # fmt: skip
class Pointnet(nn.Module):
    """The largest value of all points."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv1d(2, 5, 1), nn.Conv1d(5, 6, 1), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(torch.max(F.relu(self.b(F.relu(self.a(x)))), 2)[0])


@net("""
    a | 6 | a> change> gate> >change >gate >out
    out | 3 | out> | network output
""", (4,))  # fmt: skip
class Highway(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.change, self.gate, self.out = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = self.a(x)
        gate = torch.sigmoid(self.gate(x))
        return self.out(gate * F.relu(self.change(x)) + (1 - gate) * x)


@net("""
    a | 3 | a> >out
    out | 2 | out> | network output
""", (4,))  # fmt: skip
class Maxout(nn.Module):
    """The larger of two: a unit is a pair."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(4, 6), nn.Linear(3, 2)

    def forward(self, x):
        return self.out(self.a(x).view(x.shape[0], 2, -1).amax(1))


@net("""
    left | 3 | left> | unknown operation aten.bilinear
    right | 4 | right> | unknown operation aten.bilinear
    out | 2 | out> | network output
""", (4,))  # fmt: skip
class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.both, self.out = (
            nn.Linear(4, 3),
            nn.Linear(4, 4),
            nn.Bilinear(3, 4, 5),
            nn.Linear(5, 2),
        )

    def forward(self, x):
        return self.out(F.relu(self.both(F.relu(self.left(x)), F.relu(self.right(x)))))


@net("""
    w1 | 5 | w1:1 w2:0
    out | 2 | out> | network output
""", (4,))  # fmt: skip
class Products(nn.Module):
    """Products with parameters; what an Einstein sum makes belongs to no layer, so nothing could be dragged."""

    def __init__(self):
        super().__init__()
        self.w1, self.w2, self.out = nn.Parameter(torch.randn(4, 5)), nn.Parameter(torch.randn(5, 6)), nn.Linear(6, 2)

    def forward(self, x):
        return self.out(F.relu(torch.einsum("bi,ij->bj", F.relu(x @ self.w1), self.w2)))


@net("""
    a | 4 | a> | unknown operation aten.cumsum
    b | 5 | b> >out
    out | 2 | out> | network output
""")
class WithoutRule(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1), nn.Linear(5, 2)

    def forward(self, x):
        return self.out(F.relu(self.b(torch.cumsum(self.a(x), 1))).mean((2, 3)))


@net("""
    first | 4 | first> >out
    second | 4 | second> >out
    out | 2 | out> | network output
""", (3,), tokens=7)  # fmt: skip
class Tables(nn.Module):
    """Two look-up tables side by side, flattened."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Embedding(7, 4), nn.Embedding(7, 4), nn.Linear(24, 2)

    def forward(self, x):
        return self.out(torch.cat([self.first(x).flatten(1), self.second(x).flatten(1)], 1))


@net("""
    a | 4 | a> >out
    out | 2 | out> | network output
""")
class Auxiliary(nn.Module):
    """A head that only training uses."""

    def __init__(self):
        super().__init__()
        self.a, self.unused, self.out = nn.Conv2d(3, 4, 1), nn.Linear(4, 5), nn.Linear(4, 2)

    def forward(self, x):
        x = F.relu(self.a(x)).mean((2, 3))
        return (self.out(x), self.unused(x)) if self.training else self.out(x)


@net("""
    a | 4 | a> >unread >out
    unread | 5 | unread> bn >deeper | computed, but nothing that is returned reads it
    deeper | 3 | deeper> | computed, but nothing that is returned reads it
    out | 2 | out> | network output
""")
class UnreadHead(nn.Module):
    """A head that runs, with statistics of what it reads, and is not returned: what feeds it may be cut."""

    def __init__(self):
        super().__init__()
        self.a, self.unread, self.bn, self.deeper = (
            nn.Conv2d(3, 4, 1),
            nn.Conv2d(4, 5, 1),
            nn.BatchNorm2d(5),
            nn.Linear(5, 3),
        )
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = F.relu(self.a(x))
        self.deeper(F.relu(self.bn(self.unread(x))).mean((2, 3))).softmax(1)
        torch.cumsum(x, 1) / x.mean(1, keepdim=True).amax()
        return self.out(x.mean((2, 3)))


@net("""
    a | 4 | a> >mean >spread | graph
    mean | 3 | mean> >out
    spread | 3 | spread> | computed, but nothing that is returned reads it
    out | 2 | out> | network output
""", (4,))  # fmt: skip
class UnreadSpread(nn.Module):
    """A variational network that answers with its mean; a size is written down."""

    def __init__(self):
        super().__init__()
        self.a, self.mean, self.spread, self.out = nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        x = F.relu(self.a(x)).view(-1, 4)
        mean, spread = self.mean(x), torch.exp(self.spread(x) / 2)
        sample = mean + spread if self.training else mean
        return self.out(sample)


@net("""
    a | 4 | a> >both
    both | 3 | both> b> >out
    out | 2 | out> | network output
""", (4,))  # fmt: skip
class UnreadHalf(nn.Module):
    """Of two halves one is read; the other is added to a head that nothing reads, which then goes with both."""

    def __init__(self):
        super().__init__()
        self.a, self.both, self.b, self.out = nn.Linear(4, 4), nn.Linear(4, 6), nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        first, second = self.both(F.relu(self.a(x))).chunk(2, 1)
        second + self.b(x)
        return self.out(first)
