from prunekit.criteria import CRITERIA
from prunekit.records import CRITERION_TITLES
from prunekit.ui.state import moves
from prunekit.ui.tune import toolbar
from prunekit.verbs.scanning import PRESETS


def test_every_criterion_and_preset_has_its_words():
    assert set(toolbar.CRITERIA) == set(CRITERION_TITLES) == set(CRITERIA)
    assert set(moves.PRESETS) == set(PRESETS)
