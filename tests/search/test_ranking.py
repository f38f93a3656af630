from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from prunekit.records import Mode, Point, Reading, Status
from prunekit.search.ranking import rank, suggest


@dataclass
class Net:
    """Groups of which every unit costs 10 MACs and as many parameters as said, and 1 unit that nothing removes."""

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


def at(name, level, kl, status=Status.MEASURED):
    return Point(Mode.CHANNELS, name, level, Reading("accuracy", 0.9, 9, 8, None, 0.1, kl, "validation", status, ""))


POINTS = (at("fat", 0.2, 0.02), at("fat", 0.5, 0.3), at("thin", 0.2, 0.01), at("thin", 0.5, 0.045))


def test_a_group_is_ranked_where_it_is_cut_as_far_as_is_allowed():
    thin, fat = rank(POINTS, NET, Mode.CHANNELS, "macs", allowed=0.1)
    assert (thin.name, thin.level, thin.saved, thin.allowed) == ("thin", 0.5, 50 / 200, True)
    assert (fat.name, fat.level, fat.saved, fat.allowed) == ("fat", 0.2, 20 / 200, True)
    assert thin.rate == pytest.approx(0.045 / 25)
    assert fat.rate == pytest.approx(0.02 / 10)


def test_what_is_saved_decides_the_order():
    # 16 of 100 parameters for 0.02 nats, against 10 of 100 for 0.045
    assert [found.name for found in rank(POINTS, NET, Mode.CHANNELS, "params", 0.1)] == ["fat", "thin"]


def test_what_does_too_much_harm_at_its_mildest_comes_last():
    first, last = rank(POINTS, NET, Mode.CHANNELS, "macs", allowed=0.015)
    assert (first.name, first.level) == ("thin", 0.2)
    assert (last.name, last.level, last.allowed) == ("fat", 0.2, False)


def test_what_removes_nothing_or_cannot_be_cut_or_is_unknown_is_never_ranked():
    net = Net({"one": 5, "fat": 8})
    points = [at("one", 0.9, 0.0), at("protected", 0.5, 0.0), at("fat", 0.0, 0.0), at("fat", 0.5, None)]
    assert rank(points, net, Mode.CHANNELS, "macs", 0.1) == []
    assert suggest(points, net, Mode.CHANNELS, "macs", 0.1).levels == {}


def test_noise_makes_no_group_robust():
    points = [at("fat", 0.2, 0.2), at("fat", 0.5, 0.01)]  # a deeper cut does no less harm than a milder one
    (found,) = rank(points, NET, Mode.CHANNELS, "macs", 0.1)
    assert (found.level, found.allowed) == (0.2, False)


def test_an_interpolated_level_says_so():
    (found,) = rank([at("fat", 0.2, 0.01, Status.INTERPOLATED)], NET, Mode.CHANNELS, "macs", 0.1)
    assert found.status is Status.INTERPOLATED


def test_the_suggestion_takes_the_cheapest_steps_that_together_stay_within_the_harm():
    # By MACs: thin to 0.2 for 0.01 (rate 0.1), to 0.5 for 0.045 (0.23);
    # fat to 0.2 for 0.02 (0.2), to 0.5 for 0.3 (1.9).
    found = suggest(POINTS, NET, Mode.CHANNELS, "macs", budget=0.04)
    assert dict(found.levels) == {"thin": 0.2, "fat": 0.2}
    assert found.kl == pytest.approx(0.03)
    found = suggest(POINTS, NET, Mode.CHANNELS, "macs", budget=0.08)
    assert dict(found.levels) == {"thin": 0.5, "fat": 0.2}
    assert found.kl == pytest.approx(0.065)


def test_zeroed_weights_are_counted_against_all_parameters():
    net = SimpleNamespace(
        layers=[SimpleNamespace(name="fc", shape=(4, 5))], cost=lambda kept: SimpleNamespace(params=40, macs=1)
    )
    (found,) = rank([at("fc", 0.5, 0.01)], net, Mode.WEIGHTS, "params", 0.1)
    assert found.saved == 10 / 40
