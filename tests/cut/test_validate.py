import pytest

from prunekit.cut.validate import check_recipe
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from tests import nets

STRUCTURE = structure_of(nets.make("residual"), nets.example("residual"))  # stem = conv2: 6 units, conv1: 8


def test_any_layer_of_a_group_stands_for_it():
    recipe = check_recipe(Recipe(channels={"conv2": 0.5}, keep={"conv2": [1]}, round_to={"conv2": 2}), STRUCTURE)
    assert recipe.channels == {"stem": 0.5}
    assert recipe.keep == {"stem": (1,)}
    assert recipe.round_to == {"stem": 2}


def test_one_value_under_two_names_is_one_value():
    assert check_recipe(Recipe(channels={"conv2": 0.5, "stem": 0.5}), STRUCTURE).channels == {"stem": 0.5}


def test_the_classifier_takes_weight_sparsity():
    assert check_recipe(Recipe(weights={"fc": 0.5}), STRUCTURE).weights == {"fc": 0.5}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(channels={"conv3": 0.5}), "no group or layer 'conv3'; did you mean conv1"),
        (Recipe(weights={"fd": 0.5}), "no layer 'fd'; did you mean fc"),
        (Recipe(channels={"fc": 0.5}), "Group 'fc' is protected (network output)"),
        (Recipe(channels={"conv2": 0.5, "stem": 0.25}), "Group 'stem' moves as one, but sparsity gives it both"),
        (Recipe(keep={"stem": [6]}), "Group 'stem' has units 0 to 5; keep names 6."),
        (Recipe(drop={"conv1": [2, 8]}), "Group 'conv1' has units 0 to 7; drop names 8."),
        (Recipe(keep={"stem": [1, 2]}, drop={"conv2": [2, 3]}), "Unit 2 of group 'stem' is both kept and dropped"),
        (Recipe(drop={"stem": range(6)}), "drop names every unit of group 'stem'; at least one has to stay."),
        (Recipe(criterion="l3"), "Unknown criterion 'l3'; did you mean l2, l1?"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(recipe, message):
    with pytest.raises(RecipeError) as caught:
        check_recipe(recipe, STRUCTURE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_units_the_base_run_removed_cannot_be_kept_or_be_the_last():
    base = {"stem": (0, 1)}
    with pytest.raises(RecipeError, match="Unit 5 of group 'stem' was already removed by the base run"):
        check_recipe(Recipe(keep={"stem": [0, 5]}), STRUCTURE, base)
    with pytest.raises(RecipeError, match="at least one has to stay"):
        check_recipe(Recipe(drop={"stem": [0, 1]}), STRUCTURE, base)
