from prunekit.records import Mode, Point, Reading, Status
from prunekit.ui.widgets.badges import sensitivities


def point(name, level, kl, value=0.9):
    reading = Reading("accuracy", value, 200, 180, (0.85, 0.94), 0.1, kl, "validation", Status.MEASURED, "")
    return Point(Mode.CHANNELS, name, level, reading)


def test_layers_are_judged_in_the_middle_by_their_divergence():
    points = [point("a", 0.1, 9.0), point("a", 0.5, 0.01), point("b", 0.5, 0.3), point("c", 0.4, 2.0)]
    assert {name: found.word for name, found in sensitivities(points).items()} == {
        "a": "robust",
        "b": "moderate",
        "c": "sensitive",
    }


def test_a_layer_scanned_only_at_the_ends_is_not_judged():
    assert sensitivities([point("a", 0.1, 0.0), point("a", 0.9, 5.0)]) == {}


def test_the_badge_says_in_words_what_its_colour_says():
    assert sensitivities([point("a", 0.5, 0.01, 0.985)])["a"].badge == ":blue-badge[robust: 98.5 % at 50 %]"
