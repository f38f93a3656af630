"""Harmful checkpoints, uploaded in a real browser: one sentence each, and the server answers meanwhile."""

import threading
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.foreign import files

NAMES = ("a key whose hash takes for ever", "a tensor of 4 GB", "three million values", "a hundred thousand tensors")


@pytest.mark.parametrize("name", NAMES)
def test_a_harmful_upload_is_one_sentence_and_the_server_answers_meanwhile(page, server, name):
    page.goto("/open")
    settled(page)
    answers, ended = [], threading.Event()

    def ask():
        while not ended.wait(0.05):
            with urllib.request.urlopen(f"{server}/_stcore/health", timeout=10) as answer:
                answers.append(answer.status)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        upload = {"name": "bad.pt", "mimeType": "application/octet-stream", "buffer": files.HARMFUL[name]}
        page.locator("input[type=file]").first.set_input_files(upload)
        refusal = page.get_by_test_id("stAlert").filter(has_text="was not opened")
        expect(refusal).to_contain_text("The checkpoint ")
    finally:
        ended.set()
        asking.join()
    assert answers
    assert set(answers) == {200}
    assert "Traceback" not in page.locator("body").inner_text()
