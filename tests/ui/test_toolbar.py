from prunekit.ui.state import moves
from prunekit.verbs.presets import PRESETS


def test_every_preset_has_its_words():
    assert set(moves.PRESETS) == set(PRESETS)
