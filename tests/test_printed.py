import pytest

from tests.printed import same

LINE = "accuracy 94.70%  947/1000 validation, 29,242 parameters, 95 % interval"


@pytest.mark.parametrize(
    ("printed", "alike"),
    [
        (LINE, True),
        (LINE.replace("  ", " "), True),
        (LINE.replace("947", "957").replace("94.70", "95.70"), True),  # ten images of a thousand
        (LINE.replace("947", "958"), False),
        (LINE.replace("94.70", "97.60"), False),  # 3 % of 94.7 are 2.84
        (LINE.replace("29,242", "29,243"), False),
        (LINE.replace("1000", "1001"), False),
        (LINE.replace("95 %", "96 %"), False),
        (LINE.replace("validation", "test"), False),
        (LINE + " 0.5", False),
    ],
)
def test_counts_are_exact_and_only_measurements_have_a_margin(printed, alike):
    assert same(printed, LINE) is alike


def test_a_count_in_words_has_its_margin_too():
    assert same("Cost(params=9) 338 right of 1000", "Cost(params=9) 340 right of 1000")
    assert not same("Cost(params=9) 338 right of 1000", "Cost(params=8) 338 right of 1000")


def test_packed_bytes_may_differ_by_one_in_a_thousand_and_no_other_bytes():
    assert same("9,000 bytes, 8,008 after gzip", "9,000 bytes, 8,000 after gzip")
    assert not same("9,000 bytes, 8,009 after gzip", "9,000 bytes, 8,000 after gzip")
    assert not same("9,001 bytes, 8,000 after gzip", "9,000 bytes, 8,000 after gzip")
