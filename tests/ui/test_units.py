import pytest

from prunekit.recipe import Recipe
from prunekit.records import UnitScores
from prunekit.ui.weights.units import decided, leaves_some, toggled

# units 0 and 2 stay, 1 goes by its score, 3 was lost before
SHOWN = UnitScores("conv", "l2", (3.0, 1.0, 2.0, 0.5), kept=(0, 2), gone=(3,))


@pytest.mark.parametrize(
    ("unit", "keep", "drop"),
    [(0, {}, {"conv": (0,)}), (1, {"conv": (1,)}, {}), (3, {}, {})],
    ids=["stayed", "went", "lost before"],
)
def test_a_click_turns_what_becomes_of_a_unit(unit, keep, drop):
    recipe = Recipe("net", channels={"conv": 0.25}, drop={"other": (7,)})
    assert toggled(recipe, SHOWN, unit) == Recipe(
        "net", channels={"conv": 0.25}, keep=keep, drop={"other": (7,), **drop}
    )


@pytest.mark.parametrize("hand", [{"keep": {"conv": (1,)}}, {"drop": {"conv": (1,)}}])
def test_a_second_click_leaves_the_unit_to_its_score_again(hand):
    assert toggled(Recipe("net", **hand), SHOWN, 1) == Recipe("net")


def test_what_a_hand_keeps_it_does_not_drop():
    assert decided(Recipe("net"), "conv", [1, 0], [1, 2]) == Recipe("net", keep={"conv": (0, 1)}, drop={"conv": (2,)})


def test_the_last_unit_that_is_left_cannot_be_dropped():
    assert leaves_some(Recipe("net", drop={"conv": (0, 1)}), SHOWN)
    assert not leaves_some(Recipe("net", drop={"conv": (0, 1, 2)}), SHOWN)
