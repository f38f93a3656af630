import io
import sys

from prunekit.face.progress import bar, words
from prunekit.records import Epoch, Fitted


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_shows_how_far_the_work_is(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with bar("recovery", lambda _, epoch: epoch.share, wanted=True) as show:
        show(1, Epoch(step=1, steps=4, epoch=0.5, loss=1.5))
    assert "recovery  25%" in terminal.getvalue()
    assert "loss 1.500" in terminal.getvalue()


def test_work_whose_end_nobody_knows_shows_no_percentage(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with bar("recovery", None, wanted=True) as show:
        show(1, Fitted("conv1", 1, 3, 0.5, 0.1))
    assert "fitted conv1, 1 of 3" in terminal.getvalue()
    assert "%" not in terminal.getvalue()


def test_nothing_is_shown_unwanted_or_where_nobody_watches(monkeypatch):
    for terminal, wanted in ((Terminal(), False), (io.StringIO(), True)):
        monkeypatch.setattr(sys, "stderr", terminal)
        with bar("recovery", None, wanted=wanted) as show:
            show(1, Epoch(step=1, steps=4, epoch=0.5, loss=1.5))
        assert terminal.getvalue() == ""


def test_a_record_without_words_is_no_error():
    assert words(object()) == ""
    assert words(None) == ""
