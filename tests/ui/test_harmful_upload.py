"""A harmful checkpoint, uploaded on the page: refused in a sentence, while the server goes on answering."""

import threading

import pytest

from prunekit.engine.shared import worker
from prunekit.ui.state.session import Session, Upload
from tests.foreign import files
from tests.ui.conftest import settle

NAMES = ("a key whose hash takes for ever", "4 GB of bytes", "three million values", "brackets without end")


@pytest.mark.parametrize("name", NAMES)
def test_a_harmful_upload_is_refused_beside_the_file_and_other_threads_go_on(visit, name):
    content = files.HARMFUL[name]
    ticks, ended = [], threading.Event()

    def tick():
        while not ended.wait(0.0005):
            ticks.append(None)

    ticking = threading.Thread(target=tick)
    ticking.start()
    try:
        app = settle(visit("open", session=Session("resnet8", upload=Upload("resnet8", "bad.pt", content))))
    finally:
        ended.set()
        ticking.join()
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("bad.pt was not opened; the desk is as it was. The checkpoint ")
    assert "\n" not in error.value
    assert len(ticks) > 10, "somebody held the interpreter"
    assert worker().call(lambda: "answers") == "answers"
