"""The page on recipes names every key with the default that the code has, and its example is a recipe."""

import json
import re

from prunekit.criteria import CRITERIA
from prunekit.recipe import BITS, Recipe
from tools.app_server import ROOT

PAGE = (ROOT / "docs" / "recipe.md").read_text()


def test_every_key_stands_there_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", PAGE, re.MULTILINE))
    assert {key: json.loads(value) for key, value in rows.items()} == Recipe().to_json()


def test_the_example_is_a_recipe():
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert Recipe.from_text(example).round_to == {"layer3.0.conv1": 8}


def test_every_criterion_and_number_of_bits_is_named():
    assert [name for name in CRITERIA if f"`{name}`" not in PAGE] == []
    assert ", ".join(map(str, BITS[:-1])) + f" or {BITS[-1]}" in PAGE
