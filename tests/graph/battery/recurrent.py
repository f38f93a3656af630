"""Recurrent networks: by the modules of torch in all their forms, step by step, and written by hand."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.graph.battery.case import net


@net("""
    embed | 4 | embed> >rnn
    rnn | 5 | rnn> >out
    out | 3 | out> | network output
""", (6,), tokens=9)  # fmt: skip
class StackedLstm(nn.Module):
    """Two layers in two directions; a unit is one of each."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(9, 4), nn.Linear(10, 3)
        self.rnn = nn.LSTM(4, 5, num_layers=2, bidirectional=True, batch_first=True, dropout=0.5)

    def forward(self, x):
        return self.out(self.rnn(self.embed(x))[0].amax(1))


@net("""
    before | 4 | before> >rnn
    rnn | 3 | rnn> >out
    out | 3 | out> | network output
""", (5, 2))  # fmt: skip
class StackedGru(nn.Module):
    """Three layers without biases, steps first; the last states of all are laid behind each other."""

    def __init__(self):
        super().__init__()
        self.before, self.rnn = nn.Linear(2, 4), nn.GRU(4, 3, num_layers=3, bias=False)
        self.out = nn.Linear(9, 3)

    def forward(self, x):
        last = self.rnn(F.relu(self.before(x)).transpose(0, 1))[1]
        return self.out(last.transpose(0, 1).flatten(1))


@net("""
    first | 4 | first> >second
    second | 3 | second> >out
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class PlainRnn(nn.Module):
    """Two modules, of tanh and of ReLU; the states of both directions are joined."""

    def __init__(self):
        super().__init__()
        self.first = nn.RNN(2, 4, batch_first=True)
        self.second = nn.RNN(4, 3, nonlinearity="relu", batch_first=True, bidirectional=True)
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        last = self.second(self.first(x)[0])[1]
        return self.out(torch.cat([last[-2], last[-1]], 1))


@net("""
    rnn | 4 | rnn> >out | graph
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class StatesBySize(nn.Module):
    """The states that it starts from are noughts of a size that the code remembers."""

    def __init__(self, hidden=4):
        super().__init__()
        self.hidden, self.rnn, self.out = hidden, nn.LSTM(2, hidden, num_layers=2, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        state = torch.zeros(2, len(x), self.hidden, dtype=x.dtype, device=x.device)
        return self.out(self.rnn(x, (state, state.clone()))[0][:, -1])


@net("""
    rnn | 4 | rnn> start:2 >out
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class LearnedStates(nn.Module):
    """The states that it starts from are parameters, as many as there are samples."""

    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.GRU(2, 4, batch_first=True, bidirectional=True), nn.Linear(8, 2)
        self.start = nn.Parameter(torch.ones(2, 1, 4))

    def forward(self, x):
        return self.out(self.rnn(x, self.start.repeat(1, len(x), 1))[0].mean(1))


@net("""
    rnn | 4 | rnn> >out | network input
    out | 2 | out> | network output
""", (5, 2), (1, 4))  # fmt: skip
class StatesFromOutside(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.GRU(2, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x, state):
        return self.out(self.rnn(x, state.transpose(0, 1))[0].mean(1))


@net("""
    encoder | 4 | encoder> decoder> bridge> >bridge >out
    out | 2 | out> | network output
""", (5, 2), (3, 2))  # fmt: skip
class Translation(nn.Module):
    """A decoder starts from what an encoder, and a layer behind it, end with."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(2, 4, batch_first=True), nn.LSTM(2, 4, batch_first=True)
        self.bridge, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x, y):
        _, (state, cell) = self.encoder(x)
        return self.out(self.decoder(y, (torch.tanh(self.bridge(state)), cell))[0])


@net("""
    before | 4 | before> first> >first >second
    second | 3 | second> >out
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class ResidualLstm(nn.Module):
    """What a layer reads is added to what it makes."""

    def __init__(self):
        super().__init__()
        self.before, self.first = nn.Linear(2, 4), nn.LSTM(4, 4, batch_first=True)
        self.second, self.out = nn.GRU(4, 3, batch_first=True), nn.Linear(3, 2)

    def forward(self, x):
        x = self.before(x)
        x = x + self.first(x)[0]
        return self.out(self.second(x)[0].mean(1))


@net("""
    c1 | 3 | c1> bn >c2
    c2 | 4 | c2> >rnn
    rnn | 3 | rnn> >out
    out | 2 | out> | network output
""", (1, 6, 8))  # fmt: skip
class TextInImages(nn.Module):
    """CRNN: columns of an image are steps; a channel feeds one input for each of its rows."""

    def __init__(self):
        super().__init__()
        self.c1, self.bn, self.c2 = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, 2, 1)
        self.rnn, self.out = nn.LSTM(12, 3, bidirectional=True), nn.Linear(6, 2)

    def forward(self, x):
        x = F.relu(self.c2(F.relu(self.bn(self.c1(x)))))
        x = x.permute(3, 0, 1, 2).flatten(2)
        return self.out(self.rnn(x)[0])


@net("""
    embed | 4 | embed> >cell
    cell | 5 | cell> >other
    other | 3 | other> >out
    out | 2 | out> | network output
""", (4,), tokens=9)  # fmt: skip
class Cells(nn.Module):
    """Step by step, with states that the first step makes; the answers are gathered in a tensor."""

    def __init__(self):
        super().__init__()
        self.embed, self.cell, self.other = nn.Embedding(9, 4), nn.LSTMCell(4, 5), nn.GRUCell(5, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        x, state, last = self.embed(x), None, None
        answers = x.new_zeros(x.shape[0], x.shape[1], self.other.hidden_size)
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
            last = self.other(state[0], last)
            answers[:, step] = last
        return self.out(answers)


@net("""
    cell | 4 | cell> >out | graph
    out | 2 | out> | network output
""", (4, 2))  # fmt: skip
class PlainCell(nn.Module):
    """A state of noughts, with the size written down, and answers that are stacked."""

    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.RNNCell(2, 4, bias=False), nn.Linear(4, 2)

    def forward(self, x):
        state, answers = torch.zeros(len(x), 4, device=x.device).to(x), []
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
            answers.append(state)
        return self.out(torch.stack(answers, 1))


@net("""
    read | 4 | read> again> >again >out
    out | 2 | out> | network output
""", (3, 2))  # fmt: skip
class GatesByHand(nn.Module):
    """An LSTM of two linear layers: a unit is a row of four gates of both."""

    def __init__(self):
        super().__init__()
        self.read, self.again, self.out = nn.Linear(2, 16), nn.Linear(4, 16, bias=False), nn.Linear(4, 2)

    def forward(self, x):
        state = cell = torch.zeros(len(x), self.again.in_features, dtype=x.dtype, device=x.device)
        for step in range(x.shape[1]):
            enter, forget, new, leave = (self.read(x[:, step]) + self.again(state)).chunk(4, 1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            state = torch.sigmoid(leave) * torch.tanh(cell)
        return self.out(state)


@net("""
    read | 3 | read> >rnn
    rnn | 4 | rnn> >out
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class Packed(nn.Module):
    """Sequences, packed without their last step and padded again."""

    def __init__(self):
        super().__init__()
        self.read, self.rnn, self.out = nn.Linear(2, 3), nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        lengths = torch.full((len(x),), 4)
        packed = pack_padded_sequence(F.relu(self.read(x)), lengths, batch_first=True, enforce_sorted=False)
        answer, (state, _) = self.rnn(packed)
        return self.out(pad_packed_sequence(answer, batch_first=True)[0].sum(1) + state[-1])


@net("""
    read | 3 | read> >rnn
    rnn | 4 | rnn> >out
    out | 2 | out> | network output
""", (4, 1), (), tokens=6)  # fmt: skip
class PackedByLengths(nn.Module):
    """Lengths come in; how many samples a step has is read of them, and depends on no channel."""

    def __init__(self):
        super().__init__()
        self.read, self.rnn, self.out = nn.Linear(1, 3), nn.GRU(3, 4, batch_first=True), nn.Linear(4, 2)

    def forward(self, x, lengths):
        lengths = lengths * 0 + 3  # of one size, so that each sample counts the same
        packed = pack_padded_sequence(self.read(x.to(self.out.weight)), lengths, batch_first=True, enforce_sorted=False)
        return self.out(self.rnn(packed)[1][-1])


PROJECTED = "a projection behind the hidden units of a recurrent layer (proj_size)"


@net(f"""
    before | 4 | before> >rnn
    rnn | 5 | rnn.weight_ih_l0:0 rnn.weight_hh_l0:0 rnn.bias_ih_l0:0 rnn.bias_hh_l0:0 rnn.weight_hr_l0:1 | {PROJECTED}
    rnn.weight_hr_l0 | 3 | rnn.weight_hr_l0:0 rnn.weight_hh_l0:1 >out | {PROJECTED}
    out | 2 | out> | network output
""", (5, 2))  # fmt: skip
class Projected(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.rnn = nn.Linear(2, 4), nn.LSTM(4, 5, proj_size=3, batch_first=True)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        return self.out(self.rnn(self.before(x))[0].mean(1))


@net("""
    before | 3 | before> >gates
    gates | 4 | gates> >gates >out
    out | 2 | out> | network output
""", (3, 2, 4, 4))  # fmt: skip
class ConvLstm(nn.Module):
    """Gates of one convolution over the image and the state, joined; steps are gathered and the last is read."""

    def __init__(self):
        super().__init__()
        self.before, self.gates, self.out = nn.Conv2d(2, 3, 1), nn.Conv2d(7, 16, 3, padding=1), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        state = cell = x.new_zeros(len(x), self.out.in_channels, *x.shape[3:])
        for step in range(x.shape[1]):
            both = torch.cat([F.relu(self.before(x[:, step])), state], 1)
            enter, forget, leave, new = self.gates(both).chunk(4, 1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            state = torch.sigmoid(leave) * torch.tanh(cell)
        return self.out(state).mean((2, 3))


@net("""
    gates | 4 | gates> new> >gates >new >out | graph
    out | 2 | out> | network output
""", (3, 2))  # fmt: skip
class GruBySizes(nn.Module):
    """Gates that are cut at fixed sizes, from a state whose size is written down."""

    def __init__(self):
        super().__init__()
        self.gates, self.new, self.out = nn.Linear(6, 8), nn.Linear(6, 4), nn.Linear(4, 2)

    def forward(self, x):
        state = torch.zeros(len(x), 4, dtype=x.dtype, device=x.device)
        for step in range(x.shape[1]):
            both = self.gates(torch.cat([x[:, step], state], 1)).sigmoid()
            reset, update = torch.split(both, 4, 1)
            new = torch.tanh(self.new(torch.cat([x[:, step], reset * state], 1)))
            state = (1 - update) * state + update * new
        return self.out(state)
