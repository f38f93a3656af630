import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.errors import RecipeError, StructureError
from prunekit.graph import structure_of
from prunekit.records import Member
from tests.nets import example, make


class HeadsBySlicing(nn.Module):
    """Attention that reads the number of heads off the tensor: heads can be sliced away."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.proj = nn.Linear(8, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x.flatten(2).transpose(1, 2))
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (3, -1, 4)).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return self.head(x.mean(1))


class OptionA(nn.Module):
    """A shortcut that pads channels with zeros: what the zeros are added to cannot be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.conv1 = nn.Conv2d(4, 6, 1)
        self.conv2 = nn.Conv2d(6, 8, 1)
        self.fc = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.conv2(F.relu(self.conv1(x)))
        return self.fc(F.relu(y + F.pad(x, (0, 0, 0, 0, 2, 2))).mean((2, 3)))


class Halves(nn.Module):
    """One convolution whose halves go different ways: two groups of the same producer."""

    def __init__(self) -> None:
        super().__init__()
        self.both = nn.Conv2d(3, 8, 1)
        self.left = nn.Conv2d(5, 2, 1)
        self.right = nn.Conv2d(5, 2, 1)
        self.more = nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.both(x)
        left, right = y.chunk(2, 1)
        return self.left(torch.cat([left, self.more(x)[:, :1]], 1)) + self.right(torch.cat([right, x[:, :1]], 1))


class Unknown(nn.Module):
    """An operation without a rule in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 1)
        self.b = nn.Conv2d(4, 4, 1)
        self.c = nn.Conv2d(4, 4, 1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.b(torch.cumsum(self.a(x), 1)))
        return self.fc(F.relu(self.c(x)).mean((2, 3)))


class WritesInPlace(nn.Module):
    """Overwrites some channels of a view with something else."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 1)
        self.b = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x)
        y[:, :1] = x[:, :1]
        return self.b(y)


def table(net: nn.Module, inputs: Tensor) -> dict[str, tuple[int, tuple[str, ...], str | None]]:
    return {g.name: (g.units, g.layers, g.protected) for g in structure_of(net, inputs).groups}


OUTPUT = "network output"

# Written by hand from the networks' definitions.
EXPECTED = {
    "plain": {
        "conv1": (8, ("conv1",), None),
        "conv2": (12, ("conv2",), None),
        "fc1": (10, ("fc1",), None),
        "fc2": (4, ("fc2",), OUTPUT),
    },
    "residual": {
        "stem": (6, ("stem", "conv2"), None),
        "conv1": (8, ("conv1",), None),
        "fc": (4, ("fc",), OUTPUT),
    },
    "depthwise": {
        "stem": (6, ("stem", "project"), None),
        "expand": (12, ("expand", "depthwise"), None),
        "fc": (4, ("fc",), OUTPUT),
    },
    "linear": {
        "fc1": (16, ("fc1",), None),
        "fc2": (8, ("fc2",), None),
        "fc3": (3, ("fc3",), OUTPUT),
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_groups_are_those_of_the_hand_written_table(name):
    assert table(make(name), example(name)) == EXPECTED[name]


def test_members_name_every_tensor_that_a_cut_touches():
    structure = structure_of(make("residual"), example("residual"))
    leaves = ("weight", "bias", "running_mean", "running_var")
    of_norm = {Member(f"{norm}.{leaf}", 0) for norm in ("bn0", "bn2") for leaf in leaves}
    weights = {Member("stem.weight", 0), Member("conv2.weight", 0), Member("conv1.weight", 1), Member("fc.weight", 1)}
    assert set(structure.group("stem").members) == weights | of_norm
    assert structure.group("stem").consumers == ("conv1", "fc")
    assert structure.producers("stem") == (Member("stem.weight", 0), Member("conv2.weight", 0))


def test_a_flatten_gives_each_channel_all_its_positions():
    structure = structure_of(make("plain"), example("plain"))
    # 12 channels of 2×2 positions, channel-major: 0,0,0,0,1,1,1,1,…
    expected = torch.arange(12).repeat_interleave(4).tolist()
    assert structure.units("conv2", Member("fc1.weight", 1)).tolist() == expected


def test_linked_layers_say_why():
    assert structure_of(make("residual"), example("residual")).group("stem").linked == (
        "tied by the addition of stem and conv2"
    )
    depthwise = structure_of(make("depthwise"), example("depthwise"))
    assert depthwise.group("expand").linked == "depthwise filters each channel of expand on its own"


def test_whole_attention_heads_are_units():
    structure = structure_of(HeadsBySlicing().eval(), torch.randn(2, 3, 4, 4))
    group = structure.group("qkv")
    assert (group.kind, group.units, group.protected) == ("head", 2, None)
    # qkv's 24 outputs are (3, heads, 4): q of head 0, q of head 1, k of head 0, …
    assert structure.units("qkv", Member("qkv.weight", 0)).tolist() == ([0] * 4 + [1] * 4) * 3
    assert structure.units("qkv", Member("proj.weight", 1)).tolist() == [0] * 4 + [1] * 4
    assert structure.group("embed").statistics
    assert structure.group("embed").layers == ("embed", "proj")


def test_code_that_would_regroup_heads_is_left_to_the_graph_although_it_runs():
    group = structure_of(make("attention"), example("attention")).group("qkv")
    assert (group.kind, group.units, group.protected) == ("head", 2, None)
    assert group.graph_only == "reshape makes (2, 36, 3, 2, 2) where the cut channels need (2, 36, 3, 1, 4)"


def test_channels_that_are_added_to_padding_are_protected():
    found = table(OptionA().eval(), torch.randn(2, 3, 4, 4))
    assert found["conv2"] == (4, ("conv2",), "pad at fixed positions")
    assert found["stem"] == (4, ("stem", "conv2"), None)
    assert found["conv1"] == (6, ("conv1",), None)


def test_a_second_group_of_one_producer_is_numbered():
    structure = structure_of(nn.Sequential(nn.Linear(3, 4)), torch.randn(2, 3))
    assert [g.name for g in structure.groups] == ["0"]
    found = table(Halves().eval(), torch.randn(2, 3, 2, 2))
    assert found["both"][0] == 4  # equal parts of a chunk go together, position by position


def test_an_operation_without_a_rule_freezes_what_it_touches():
    structure = structure_of(Unknown().eval(), torch.randn(2, 3, 2, 2))
    assert structure.unknown_ops == ("aten.cumsum",)
    assert structure.group("a").protected == "unknown operation aten.cumsum"
    assert structure.group("b").protected is None
    assert structure.layer("a").protected == "unknown operation aten.cumsum"


def test_writing_into_a_view_freezes_it():
    structure = structure_of(WritesInPlace().eval(), torch.randn(2, 3, 2, 2))
    assert structure.group("a").protected is not None


def test_any_member_layer_names_the_group_and_a_stranger_gets_close_matches():
    structure = structure_of(make("residual"), example("residual"))
    assert structure.group("conv2").name == "stem"
    with pytest.raises(RecipeError, match=r"There is no group or layer 'conv11'; did you mean conv1"):
        structure.group("conv11")


def test_a_network_that_cannot_run_says_so_in_one_sentence():
    with pytest.raises(StructureError, match=r"cannot be traced with an input of shape \(2, 5\): RuntimeError: .*\.$"):
        structure_of(nn.Linear(3, 2), torch.randn(2, 5))


def test_a_network_without_parameters_is_refused():
    with pytest.raises(StructureError, match="no parameters, so there is nothing to cut"):
        structure_of(nn.Flatten(), torch.zeros(2, 3, 4))


class Drops(nn.Module):
    """Dropout as code calls it, with what it says of training."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always, self.rest = always, nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        y = F.scaled_dot_product_attention(x, x, x, dropout_p=0.5 * self.training)
        return self.rest(F.dropout(y, 0.5, training=self.training or self.always))


def test_a_pass_that_draws_random_numbers_says_so():
    (note,) = structure_of(Drops(always=True).eval(), torch.randn(2, 5, 3)).notes
    assert "draws random numbers (aten.dropout.default)" in note
    assert structure_of(Drops(always=False).eval(), torch.randn(2, 5, 3)).notes == ()
