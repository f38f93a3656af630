import asyncio
import threading

from prunekit.ui import serving
from prunekit.ui.state import cached


def test_the_first_task_is_opened_before_anybody_asks(monkeypatch, workspace):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    monkeypatch.setenv("PRUNEKIT_TASK", "article")
    monkeypatch.setattr(serving, "HEAD_START", 0)
    monkeypatch.setattr(serving.sys, "setswitchinterval", lambda seconds: None)
    asked = []
    monkeypatch.setattr(cached, "opening", lambda *key: asked.append(key))

    async def serve():
        async with serving.lifespan(None):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    # In a thread of its own: the browser tests leave a running loop in this one.
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    thread.join()
    assert asked == [("article", "", str(workspace), "", True, None)]
