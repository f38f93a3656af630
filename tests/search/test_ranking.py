from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from prunekit.records import Mode, Point, Reading, Status
from prunekit.search.ranking import cut_first, loss


@dataclass
class Net:
    """Groups of ten units (one has 1): every unit costs 10 MACs and as many parameters as said."""

    params: dict[str, int]

    @property
    def prunable(self):
        return [SimpleNamespace(name=name, units=1 if name == "one" else 10) for name in self.params]

    def cost(self, kept):
        whole = {group.name: group.units for group in self.prunable} | dict(kept)
        return SimpleNamespace(
            macs=sum(10 * n for n in whole.values()), params=sum(n * self.params[name] for name, n in whole.items())
        )


NET = Net({"fat": 8, "thin": 2})  # 200 MACs, 100 parameters


def read(value, status=Status.MEASURED, n=1000, interval=None):
    return Reading("accuracy", value, n, None, interval, 0.1, 0.02, "validation", status, "")


DENSE = read(0.9)


def at(name, level, lost, status=Status.MEASURED, half=None, n=1000):
    """A cut that loses so many points, give or take ``half`` of an interval."""
    value = 0.9 - lost / 100
    interval = None if half is None else (value - half / 100, value + half / 100)
    return Point(Mode.CHANNELS, name, level, read(value, status, n, interval))


def test_a_group_gives_what_goes_until_the_line_between_two_levels_passes_one_point():
    (fat, thin) = cut_first([at("fat", 0.2, 0.5), at("fat", 0.6, 1.5)], NET, Mode.CHANNELS, DENSE)
    # From 2 units at 0.5 points to 6 at 1.5: one point at 4 of 10 units, 40 MACs of 200 and 32 of 100 parameters.
    assert (fat.name, fat.removable, fat.status) == ("fat", 4, Status.INTERPOLATED)
    assert (fat.macs, fat.params) == (pytest.approx(0.2), pytest.approx(0.32))
    assert fat.between == (2, 5)  # two fit for sure and six do not
    assert (thin.removable, thin.half) == (None, None)


def test_what_frees_most_for_the_same_point_comes_first():
    points = [at("fat", 0.3, 0.9), at("fat", 0.4, 3), at("thin", 0.5, 0.0), at("thin", 0.6, 9)]
    assert [rank.name for rank in cut_first(points, NET, Mode.CHANNELS, DENSE)] == ["thin", "fat"]


def test_a_deeper_level_that_happens_to_fit_says_nothing_behind_one_that_does_not():
    rank, _ = cut_first([at("fat", 0.2, 4.0), at("fat", 0.5, 0.2)], NET, Mode.CHANNELS, DENSE)
    assert rank.removable == 0  # a quarter of two units, and units are whole
    assert rank.half.points == pytest.approx(0.2)


def test_a_level_that_costs_a_point_to_the_last_sample_still_fits():
    exact = Reading("accuracy", 0.938, 1000, 938, None, 0.1, 0.02, "validation", Status.MEASURED, "")
    point = Point(Mode.CHANNELS, "fat", 0.5, read(0.928))
    assert 100 * (0.938 - 0.928) != 1.0
    assert cut_first([point], NET, Mode.CHANNELS, exact)[0].removable == 5


def test_the_interval_of_an_estimate_becomes_that_of_how_much_can_go():
    points = [
        at("fat", 0.2, 0.3, Status.ESTIMATED, 0.5, 200),  # at most 0.8: surely fits
        at("fat", 0.4, 0.8, Status.ESTIMATED, 0.5, 200),  # 0.3 to 1.3: may fit
        at("fat", 0.6, 1.4, Status.ESTIMATED, 0.5, 200),  # 0.9 to 1.9: may fit
        at("fat", 0.8, 9.0, Status.ESTIMATED, 0.9, 200),  # surely not
    ]
    rank = cut_first(points, NET, Mode.CHANNELS, DENSE)[0]
    assert rank.between == (2, 7)
    assert 4 <= rank.removable < 6


def test_of_a_first_look_no_interval_is_known():
    rank = cut_first([at("fat", 0.5, 0.0, Status.ESTIMATED, None, 16)], NET, Mode.CHANNELS, DENSE)[0]
    assert (rank.removable, rank.between, rank.status, rank.half.n) == (5, None, Status.ESTIMATED, 16)
    assert rank.is_deepest


def test_half_carries_its_interval_and_its_distance():
    rank = cut_first([at("fat", 0.5, 2.0, Status.ESTIMATED, 0.75, 200)], NET, Mode.CHANNELS, DENSE)[0]
    assert rank.half.interval == (pytest.approx(1.25), pytest.approx(2.75))
    assert rank.kl == 0.02


def test_what_ran_on_every_sample_is_exact_and_what_ran_on_fewer_is_not():
    assert loss(read(0.88), DENSE).interval == (pytest.approx(2.0), pytest.approx(2.0))
    some = loss(read(0.88, n=200, interval=(0.83, 0.92)), DENSE)
    assert some.interval == (pytest.approx(-2.0), pytest.approx(7.0))


def test_what_is_made_of_one_piece_or_cannot_be_cut_is_never_ranked():
    net = Net({"one": 5, "fat": 8})
    points = [at("one", 0.9, 0.0), at("protected", 0.5, 0.0), at("fat", 0.5, 0.2)]
    assert [rank.name for rank in cut_first(points, net, Mode.CHANNELS, DENSE)] == ["fat"]


def test_zeroed_weights_are_counted_against_all_parameters():
    net = SimpleNamespace(
        layers=[SimpleNamespace(name="fc", shape=(4, 5))], cost=lambda kept: SimpleNamespace(params=40, macs=1)
    )
    (rank,) = cut_first([at("fc", 0.5, 0.1)], net, Mode.WEIGHTS, DENSE)
    assert (rank.params, rank.macs) == (10 / 40, 0.0)
