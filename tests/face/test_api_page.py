"""``docs/api.md`` names everything that is there, with the arguments that it has."""

import inspect
import re

import pytest

import prunekit
from tools.app_server import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()


def arguments(function) -> str:
    """Write a function's arguments with their defaults, without types."""
    given = inspect.signature(function).parameters.values()
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in given if one.name != "self"]
    return str(inspect.Signature(plain))


def methods(kind) -> dict[str, object]:
    return {name: value for name, value in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_the_table_names_all_that_is_public_and_nothing_else():
    assert sorted(re.findall(r"^\| `prunekit\.(\w+)` \|", PAGE, re.MULTILINE)) == prunekit.__all__


def test_open_has_the_arguments_that_the_page_says():
    assert f"`prunekit.open{arguments(prunekit.open)}`" in PAGE


def test_the_desk_has_the_methods_that_the_page_says():
    written = re.findall(r"^`desk\.(.*)`$", PAGE, re.MULTILINE)
    assert sorted(written) == sorted(name + arguments(method) for name, method in methods(prunekit.Desk).items())


@pytest.mark.parametrize("kind", [prunekit.Pruned, prunekit.Run])
def test_what_comes_back_has_what_the_page_says(kind):
    _, _, section = PAGE.partition("## A smaller network")
    names = {name for name in dir(kind) if not name.startswith("_")}
    assert all(f"`{name}`" in section for name in names - {"export"})
    assert f"`export{arguments(kind.export)}`" in section


@pytest.mark.parametrize("public", [prunekit.open, *methods(prunekit.Desk).values()])
def test_every_argument_is_explained_where_it_is_defined(public):
    given = [name for name in inspect.signature(public).parameters if name != "self"]
    assert all(re.search(rf"^ +\**{name}: ", public.__doc__, re.MULTILINE) for name in given if len(given) > 1)
