from dataclasses import replace

from prunekit.records import Cost, Evaluation, Latency, Reading, Status, Timing
from prunekit.ui.equalizer.strip import tiles
from prunekit.ui.state.standing import Standing

DENSE = Cost(params=2000, macs=50_000, bytes=8000)
CUT = Cost(params=1000, macs=10_000, bytes=4000)


def reading(recipe, correct, n, **changes):
    made = Reading("accuracy", correct / n, n, correct, (0.8, 0.95), 0.25, 0.125, "validation", Status.MEASURED, recipe)
    return replace(made, **changes)


def standing(evaluation, recipe="cut"):
    reference = Evaluation(reading("dense", 95, 100), DENSE, macs_thop=60_000, bytes_gzip=7000, nonzero=2000)
    return Standing(recipe, 100, CUT, DENSE, evaluation, reference)


def strip(*args):
    return {tile["name"]: tile for tile in tiles(*args)}


def test_an_exact_reading_is_measured_and_compared_with_the_dense_network():
    found = strip(standing(Evaluation(reading("cut", 90, 100, value_raw=0.4), CUT, 12_000, (), 3500, 900)))
    accuracy = found["accuracy"]
    assert (accuracy["value"], accuracy["status"], accuracy["delta"], accuracy["good"]) == (
        "90.0 %",
        "measured",
        "-5.0 points",
        False,
    )
    assert accuracy["detail"] == (
        "90 of 100 validation samples",
        "95 % interval 80.0–95.0 %",
        "40.0 % before recalibration",
    )
    assert (found["params"]["delta"], found["params"]["good"]) == ("-50.0 %", True)
    assert (found["flops"]["value"], found["flops"]["detail"]) == ("20.0 k", ("20,000",))
    assert (found["gzip"]["value"], found["gzip"]["delta"]) == ("3.50 kB", "-50.0 %")
    assert found["thop"]["delta"] == "-80.0 %"
    assert found["nonzero"]["value"] == "900"


def test_a_part_of_the_samples_is_not_compared_with_all_of_them():
    accuracy = strip(standing(Evaluation(reading("cut", 20, 20), CUT)))["accuracy"]
    assert (accuracy["status"], accuracy["delta"], accuracy["good"]) == ("measuring", "", None)


def test_the_old_figures_stay_and_say_so():
    found = strip(standing(Evaluation(reading("another", 90, 100), CUT, 12_000, (), 3500, 1000)))
    assert {found[name]["status"] for name in ("accuracy", "loss", "kl", "gzip", "thop")} == {"stale"}
    assert found["params"]["status"] == "exact"
    assert found["accuracy"]["value"] == "90.0 %"


def test_a_partial_reading_says_that_its_cut_is_not_yet_proven():
    unproven = replace(standing(Evaluation(reading("cut", 20, 20), CUT)), proven=False)
    assert strip(unproven)["accuracy"]["detail"][:2] == ("20 of 20 validation samples", "not yet proven")


def test_a_withdrawn_reading_leaves_no_number():
    found = strip(replace(standing(None), refused="The smaller network answers differently."))
    accuracy = found["accuracy"]
    assert (accuracy["value"], accuracy["status"], accuracy["delta"], accuracy["good"]) == ("none", "refused", "", None)
    assert {found[name]["value"] for name in ("loss", "kl", "gzip", "thop")} == {"none"}
    assert found["params"]["value"] == "1.00 k"  # what is counted needs no reading


def test_no_figure_is_blank_before_the_first_answer():
    assert all(tile["value"] for tile in tiles(standing(None)))


def test_a_latency_says_how_sure_it_is():
    times = Timing(0.002, (0.0019, 0.0021), 0.002, (0.0019, 0.0021))
    timed = Latency("cut", 1, 1, 30, times, times, "cpu", 1.5, (1.4, 1.6))
    assert strip(standing(None), timed)["latency"] == {
        "name": "latency",
        "label": "Latency",
        "value": "2.00 ms",
        "status": "measured",
        "delta": "1.50×",
        "good": True,
        "detail": ("quartiles 1.90–2.10 ms, cpu time", "faster than dense: 1.40–1.60×", "batch 1, 1 thread"),
    }
    alike = strip(standing(None), replace(timed, speedup=1.0, interval=(0.97, 1.03)))["latency"]
    assert (alike["delta"], alike["good"]) == ("", None)
    assert alike["detail"][1].startswith("no significant difference")
