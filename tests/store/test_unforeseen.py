import pytest

from prunekit.store.unforeseen import KEPT, LOGS, VARIABLE, noted


def _raised():
    try:
        {}["nobody"]
    except KeyError as error:
        return error


def test_an_error_becomes_a_sentence_and_a_log_that_says_all(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    said = noted(_raised(), tmp_path)
    (log,) = (tmp_path / LOGS).iterdir()
    assert str(log) in said
    assert "\n" not in said
    assert said.startswith("PruneKit met something that it should have foreseen, KeyError: 'nobody'")
    assert '{}["nobody"]' in log.read_text()


def test_logs_do_not_pile_up(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    (tmp_path / LOGS).mkdir()
    for number in range(KEPT + 5):
        (tmp_path / LOGS / f"20200101-0000{number:02}-1.log").write_text("old")
    noted(_raised(), tmp_path)
    names = sorted(path.name for path in (tmp_path / LOGS).iterdir())
    assert len(names) == KEPT
    assert not names[-1].startswith("2020")


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    (tmp_path / "file").write_text("")
    assert "no log could be written" in noted(_raised(), tmp_path / "file")


def test_tests_have_no_net(tmp_path):
    with pytest.raises(KeyError):
        noted(_raised(), tmp_path)
