import json
import math
import pickle
from fractions import Fraction

import pytest

from prunekit.errors import RecipeError
from prunekit.recipe import FrozenMap, Recipe, kept_units


def test_kept_units_follow_exact_fractions():
    for n in range(1, 257):
        for percent in range(101):
            exact = max(1, math.floor(n * (1 - Fraction(percent, 100))))
            assert kept_units(n, percent / 100) == exact, (n, percent)


@pytest.mark.parametrize(
    ("n", "sparsity", "round_to", "kept"),
    [(64, 0.5, 8, 32), (64, 0.51, 8, 24), (64, 0.99, 8, 8), (30, 0.0, 8, 30), (6, 0.5, 8, 6), (30, 0.01, 8, 24)],
)
def test_round_to_keeps_a_multiple_and_at_least_one(n, sparsity, round_to, kept):
    assert kept_units(n, sparsity, round_to) == kept


def test_a_recipe_is_written_as_what_makes_it():
    recipe = Recipe(task="net", channels={"conv1": 0.5}, recalibrate=False)
    assert repr(recipe) == "Recipe(task='net', channels={'conv1': 0.5}, recalibrate=False)"
    assert repr(Recipe()) == "Recipe()"


def test_a_recipe_survives_json_pickle_and_hashing():
    recipe = Recipe(task="t", channels={"b": 0.5, "a": 0.25}, keep={"a": (3, 1)}, weights={"fc": 0.9}, seed=4)
    again = Recipe.from_text(json.dumps(recipe.to_json()))
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert again.digest == recipe.digest
    assert recipe.keep["a"] == (1, 3)


def test_the_digest_sees_every_change_but_not_the_order_of_writing():
    recipe = Recipe(channels={"a": 0.5, "b": 0.1})
    assert Recipe(channels={"b": 0.1, "a": 0.5}).digest == recipe.digest
    changes = ({"channels": {"a": 0.5}}, {"criterion": "l1"}, {"seed": 1}, {"recalibrate": False}, {"base": "x"})
    assert len({recipe.digest, *(Recipe.from_json({**recipe.to_json(), **c}).digest for c in changes)}) == 6


def test_nothing_removed_is_nothing_said():
    assert Recipe(channels={"a": 0.0}) == Recipe()
    assert Recipe().is_dense
    assert not Recipe(drop={"a": (0,)}).is_dense
    assert Recipe(channels={"a": 0.5}).with_channels(a=0.0, b=0.2) == Recipe(channels={"b": 0.2})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"chanels": {}}, "Unknown recipe key 'chanels'; did you mean channels?"),
        ({"version": 2}, "Recipe version 2 is not supported; this is version 1."),
        ({"channels": {"a": 1.5}}, "Sparsity is a fraction from 0 to 1; channels gives 'a' the value 1.5."),
        ({"weights": {"a": -0.1}}, "Sparsity is a fraction from 0 to 1; weights gives 'a' the value -0.1."),
        ({"channels": {"a": "50%"}}, "Sparsity is a fraction from 0 to 1; channels gives 'a' the value '50%'."),
        ({"channels": [0.5]}, r"Recipe key 'channels' cannot hold \[0.5\]."),
        ({"keep": {"a": [-1]}}, r"keep lists unit numbers from 0; group 'a' has \[-1\]."),
        ({"round_to": {"a": 0}}, "round_to is a whole number from 1; group 'a' has 0."),
        ([], "A recipe is a JSON object, not list."),
    ],
)
def test_a_wrong_recipe_is_one_clear_sentence(data, message):
    with pytest.raises(RecipeError, match=f"^{message}$".replace("?$", r"\?$")):
        Recipe.from_json(data)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"seed": ' + "1" * 5000 + "}", b"\xff\xfe{", b'{"task": "\xe4"}']
)
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(RecipeError, match="The recipe is not valid JSON"):
        Recipe.from_text(text)


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(RecipeError, match="The recipe has 'stem' twice; keep one."):
        Recipe.from_text('{"channels": {"stem": 0.5, "fc": 0.1, "stem": 0.6}}')


def test_a_recipe_comes_back_from_its_text_and_from_a_files_bytes():
    recipe = Recipe(task="größe", channels={"a": 1 / 3}, keep={"a": (1, 2)}, weights={"b": 0.5}, base="feed")
    assert Recipe.from_text(recipe.to_text()) == recipe
    assert Recipe.from_text(recipe.to_text().encode()) == recipe
    assert Recipe.from_text(recipe.to_text().encode("utf-8-sig")) == recipe


def test_a_frozen_map_cannot_be_changed():
    frozen = FrozenMap({"b": 1, "a": 2})
    assert list(frozen) == ["a", "b"]
    with pytest.raises(TypeError):
        frozen["a"] = 3


@pytest.mark.parametrize("text", [r'{"task": "\ud800"}', r'{"channels": {"\udfff": 0.5}}', r'{"blocks": ["a\ud834"]}'])
def test_half_a_character_is_refused(text):
    with pytest.raises(RecipeError, match="not valid JSON") as raised:
        Recipe.from_text(text)
    str(raised.value).encode()


@pytest.mark.parametrize("seed", [1 << 63, -(1 << 63) - 1])
def test_a_seed_that_no_generator_takes_is_refused(seed):
    with pytest.raises(RecipeError, match="at most 63 bits"):
        Recipe(seed=seed)
