"""What the documents show runs, and does what they say."""

import re
from unittest.mock import patch

import pytest

from prunekit.criteria import CRITERIA
from prunekit.graph.rules import RULES
from prunekit.objectives import METRICS
from tests.own_code import forget
from tools.app_server import ROOT


def blocks(document):
    """The Python block of each section of a document that has one, by its heading."""
    text = (ROOT / "docs" / document).read_text()
    return dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", text, re.S | re.M))


@pytest.fixture
def extended(workspace, monkeypatch):
    """What is left of a reader's process that ran every block of extending.md, in order."""
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    scope = {"__name__": "__main__"}
    with patch.dict(RULES):
        for heading, block in blocks("extending.md").items():
            exec(compile(block, f"extending.md: {heading}", "exec"), scope)
        yield scope
    forget()


def test_each_extension_point_is_shown_by_what_runs(extended):
    assert list(blocks("extending.md")) == ["A criterion", "A metric", "A rule", "A bundled task"]
    spread, pull, missed = CRITERIA["spread"], CRITERIA["pull"], METRICS["missed"]
    assert (spread.title, spread.of, pull.needs) == ("Spread", "units", {"gradients"})
    assert extended["desk"].evaluate(extended["half"]).reading.n == 1000
    network, x = extended["network"], extended["x"]
    share = ((network(x).argmax(1) == 1) != (x.sum(1) > 0)).float().mean()
    reading = extended["sums"].evaluate().reading
    assert (reading.metric, reading.value) == (missed.name, pytest.approx(float(share)))
    before, after = extended["before"], extended["after"]
    assert (before.unknown_ops, before.prunable) == (("aten.i0",), ())
    assert (after.unknown_ops, [group.name for group in after.prunable]) == ((), ["first"])
    patient = extended["patient"]
    output = patient.make_network().eval()(patient.make_data().validation.inputs[:2])
    assert output.shape == (2, len(patient.make_data().classes))
