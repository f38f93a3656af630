import pytest

from prunekit.errors import RecipeError
from prunekit.records import Cost, Mode
from prunekit.search.targets import Targets, parse_targets, read_targets

DENSE = Cost(params=1000, macs=5001, bytes=4000)


def test_fractions_are_of_the_dense_network_and_counts_are_counts():
    asked = parse_targets(["macs=0.5", " params = 600", "bytes=1", "accuracy=-1.5"])
    assert read_targets(asked, DENSE, Mode.CHANNELS) == Targets({"macs": 2500, "params": 600, "bytes": 4000}, 0.015)
    assert read_targets({"macs": 1, "params": 7}, DENSE, Mode.CHANNELS) == Targets({"macs": 5001, "params": 7})


def test_the_metric_is_called_by_its_own_name():
    assert read_targets({"recall": -2}, DENSE, Mode.WEIGHTS, metric="recall") == Targets({}, 0.02)


@pytest.mark.parametrize(
    ("texts", "mode", "message"),
    [
        (["macs"], Mode.CHANNELS, "A target is name=number, such as macs=0.5 or accuracy=-1, not 'macs'."),
        (["macs=half"], Mode.CHANNELS, "not 'macs=half'."),
        (["=0.5"], Mode.CHANNELS, "not '=0.5'."),
        (["macs=0.5", "macs=0.4"], Mode.CHANNELS, "Target 'macs' is given twice"),
        ([], Mode.CHANNELS, "A plan needs a target, such as macs=0.5 or accuracy=-1; none was given."),
        (["mac=0.5"], Mode.CHANNELS, "Unknown target 'mac'; did you mean macs?"),
        (["macs=0"], Mode.CHANNELS, "above 0 and at most 1, or a whole count above 1; not 0."),
        (["macs=-0.5"], Mode.CHANNELS, "not -0.5."),
        (["macs=1.5"], Mode.CHANNELS, "not 1.5."),
        (["macs=inf"], Mode.CHANNELS, "not inf."),
        (["macs=nan"], Mode.CHANNELS, "not nan."),
        (["accuracy=1"], Mode.CHANNELS, "accuracy takes the points that may be lost, negative"),
        (["accuracy=nan"], Mode.CHANNELS, "not nan."),
        (["macs=0.5"], Mode.WEIGHTS, "Zeroed weights do not lower macs; give params, or plan channels."),
    ],
)
def test_bad_targets_are_one_sentence(texts, mode, message):
    with pytest.raises(RecipeError, match=message):
        read_targets(parse_targets(texts), DENSE, mode)
