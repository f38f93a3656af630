"""A person's metric is another one once it, or what it uses of its own file, says something else."""

import math
from functools import partial

import pytest

from prunekit.function_source import source_of
from prunekit.tasks.functions import import_function

METRIC = """BEST = 2


def share(values):
    return sum(values) / len(values)


def unused():
    return 1


def metric(model, data):
    return share(data) / BEST
"""


def said(folder, text, path="metrics.py:metric"):
    folder.mkdir()
    (folder / "metrics.py").write_text(text)
    return source_of(import_function(path, folder))


def test_the_same_text_elsewhere_is_the_same_function(tmp_path):
    assert said(tmp_path / "a", METRIC) == said(tmp_path / "b", METRIC)


@pytest.mark.parametrize(
    ("before", "after"), [("/ BEST", "* BEST"), ("BEST = 2", "BEST = 3"), ("/ len(values)", "/ max(1, len(values))")]
)
def test_an_edit_of_it_or_of_what_it_uses_makes_another(tmp_path, before, after):
    assert said(tmp_path / "a", METRIC) != said(tmp_path / "b", METRIC.replace(before, after))


def test_an_edit_of_what_it_does_not_use_makes_no_other(tmp_path):
    assert said(tmp_path / "a", METRIC) == said(tmp_path / "b", METRIC.replace("return 1", "return 2"))


def test_an_edit_under_running_code_is_not_taken_for_what_runs(tmp_path):
    file = tmp_path / "metrics.py"
    file.write_text(METRIC)
    metric = import_function("metrics.py:metric", tmp_path)
    before = source_of(metric)
    file.write_text(METRIC.replace("/ BEST", "* BEST  # a longer line"))
    assert source_of(import_function("metrics.py:metric", tmp_path)) == before
    assert metric(None, [2, 2]) == 1.0  # still divides


class Top:
    def __init__(self, k):
        self.k = k

    def __call__(self, model, data):
        return self.k

    def method(self, model, data):
        return -self.k


def enclosed(k):
    return lambda model, data: k


@pytest.mark.parametrize("make", [Top, enclosed, lambda k: partial(enclosed(0), k=k), lambda k: partial(max, k)])
def test_what_a_function_was_made_with_counts(make):
    assert source_of(make(1)) == source_of(make(1))
    assert source_of(make(1)) != source_of(make(2))


def test_methods_and_what_is_not_written_in_python_have_names_only_of_their_own():
    assert source_of(Top(1).method) != source_of(Top(1))
    assert source_of(math.sqrt) == ""


def test_without_source_the_compiled_code_counts():
    def typed(text):
        scope = {}
        exec(text, scope)
        return source_of(scope["metric"])

    one = "def metric(model, data):\n    return data + 1\n"
    assert typed(one) == typed(one)
    assert typed(one) != typed(one.replace("1", "2"))
