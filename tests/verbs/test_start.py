"""What the first numbers on screen may cost."""

import subprocess
import sys

import torch

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.subject.subject import dense_outputs
from tests.samples import split


def test_opening_and_a_first_reading_import_nothing_that_they_do_not_need(tmp_path):
    code = """
import sys
from prunekit import verbs
from prunekit.recipe import Recipe
opened = verbs.open_task("resnet8", sys.argv[1])
next(verbs.evaluate(opened, Recipe(channels={"conv1": 0.5})))
unneeded = ("torch._dynamo", "torch._inductor", "sympy", "thop", "setuptools", "distutils", "numpy.ma")
unneeded += ("streamlit", "plotly", "prunekit.export.export", "prunekit.timing.latency")
print([name for name in unneeded if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_first_reading_waits_for_no_more_of_the_dense_network_than_it_compares(opened):
    object.__setattr__(opened.task.data, "validation", split(400))
    next(verbs.evaluate(opened, Recipe(channels={"conv1": 0.5})))
    assert dense_outputs(opened, "validation").known == 100


def test_the_dense_network_is_measured_once(opened):
    passes = []
    opened.task.model.register_forward_hook(lambda _module, _inputs, outputs: passes.append(len(outputs)))
    *_, evaluation = verbs.evaluate(opened, Recipe())
    assert passes.count(60) == 1  # one batch; thop looks at single samples
    assert evaluation.reading.kl == 0
    *_, again = verbs.evaluate(opened, Recipe(channels={}))
    assert again == evaluation
    assert passes.count(60) == 1
    expected = opened.task.model(opened.task.data.validation.inputs).argmax(1) == opened.task.data.validation.targets
    assert evaluation.reading.correct == int(torch.sum(expected))
