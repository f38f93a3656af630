"""Almost good files, a few of each kind: opened, or refused in one sentence. ``make fuzz`` tries thousands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunekit.errors import PrunekitError
from prunekit.foreign.refused import Refused
from tests.fuzz.openers import OPENERS, silent

CHEAP, DEAR = 30, 5


@pytest.mark.parametrize("name", OPENERS)
def test_a_good_file_is_opened(name):
    opener = OPENERS[name]
    for content in opener.seeds():
        assert opener.open(content)


def refusal(open_file, content):
    """Open a file, and return the sentence by which it was refused; empty where it was not."""
    try:
        open_file(content)
    except (Refused, PrunekitError) as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", OPENERS)
def test_an_almost_good_file_is_opened_or_refused_in_one_sentence(name):
    opener = OPENERS[name]

    @settings(max_examples=DEAR if opener.dear else CHEAP, database=None)
    @given(st.randoms(use_true_random=False))
    def open_one(random):
        assert "\n" not in refusal(opener.open, opener.mutated(random))

    with silent():
        open_one()
