"""Checkpoints that hang, fill the memory or raise in a careless reader: one sentence each, here and in the child."""

import os
import resource
import signal
import struct
import threading
import time

import pytest

from prunekit.errors import CheckpointError, TaskError
from prunekit.foreign import ask
from prunekit.foreign.asking import _SERVER
from prunekit.foreign.opcodes import Call, Pairs, Reader
from prunekit.foreign.refused import Refused
from prunekit.tasks.checkpoint import read_checkpoint
from tests.foreign import files

MOST = 300 << 20


@pytest.fixture(autouse=True)
def started():
    """The process that reads is there, so that only what a file takes is measured."""
    with pytest.raises(CheckpointError):
        read_checkpoint(b"")


@pytest.mark.parametrize("name", files.HARMFUL)
def test_a_harmful_checkpoint_is_one_sentence_for_little_memory(name):
    before = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(files.HARMFUL[name])
    after = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    assert all((now - then) << 10 < MOST for then, now in zip(before, after, strict=True))
    said = str(raised.value)
    assert said.endswith(".")
    assert "\n" not in said
    assert "cannot be read without harm" not in said, "the child ended, instead of answering"
    assert "takes more memory" not in said


def test_a_pickle_is_read_without_a_call():
    reader = Reader(files.called("os.system", b"X\x04\x00\x00\x00true\x85"), "It")
    content = reader.load()
    assert isinstance(content, Pairs)
    (_, value), *_ = content.items
    assert isinstance(value, Call)
    assert (value.path, value.arguments) == ("os.system", ("true",))
    assert list(reader.names) == ["os.system"]


@pytest.mark.parametrize(
    "content", [b"", b".", b"}", b"\x80", b"s.", b"]e.", b"q\0.", b"h\7.", b"X\xff\0\0\0a.", b"\x85."]
)
def test_what_is_no_pickle_is_refused(content):
    with pytest.raises(Refused, match="truncated or damaged"):
        Reader(content, "It").load()


def test_the_server_ends_and_starts_again():
    process = _SERVER._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(CheckpointError, match="holds no named tensors"):
        read_checkpoint(files.archive(b"\x80\x02}."))
    assert _SERVER._process is not process


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="net.pt cannot be read: it is no plain file"):
        read_checkpoint(tmp_path / "net.pt")


def test_a_loop_of_links_is_one_sentence(tmp_path):
    (tmp_path / "a.pt").symlink_to(tmp_path / "b.pt")
    (tmp_path / "b.pt").symlink_to(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="Too many levels of symbolic links"):
        read_checkpoint(tmp_path / "a.pt")


def test_other_threads_go_on_while_a_file_is_read():
    """A million opcodes take a second of the child, and nothing of this process."""
    steps, ended = [], threading.Event()

    def read():
        with pytest.raises(CheckpointError, match="takes more than"):
            read_checkpoint(files.archive(b"\x80\x02](" + b"N" * 2_500_000 + b"e."))
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not ended.wait(0.001):
        steps.append(time.monotonic())
    thread.join()
    assert len(steps) > 10


def test_what_answers_is_named_by_the_file_that_ended_it(tmp_path):
    """A reader that dies takes nobody with it, and the file it died of is named."""
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(TaskError, match=r"The image .*a\.png cannot be read \(UnidentifiedImageError\)"):
        ask("images", [tmp_path / "a.png"], "The image", TaskError, channels=3, height=8, width=8)


def test_a_storage_shorter_than_its_tensor_is_refused():
    tensor = (
        b"\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
        b"X\x01\0\0\0" + b"0X\x03\0\0\0cpuK\x04tQK\0K\x08\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs."
    )
    with pytest.raises(CheckpointError, match="stores a in a form that is no plain dense tensor"):
        read_checkpoint(files.archive(tensor, [("a/data/0", struct.pack("<4f", *range(4)))]))
    assert read_checkpoint(files.archive(tensor, [("a/data/0", struct.pack("<8f", *range(8)))]))["a"].tolist() == [
        *range(8)
    ]
