"""A worker process: answers a part of a question on one thread, as fast as its answers are taken.

Started as ``python -m prunekit.engine.process FD``, where ``FD`` is one end of a pipe. It sends ``READY``,
receives the question, and sends each step back. It runs at most ``AHEAD`` steps ahead of the reader, waits
while nothing is read, and ends when the pipe is closed.
"""

import os
import pickle
import sys
from multiprocessing.connection import Connection

AHEAD = 2
"""Steps that may be computed before the first of them is read."""
READY, END, FAILED = "ready", "end", "failed"
"""Messages beside steps: it waits for the question, all steps are sent, the question cannot be answered here."""


def main() -> None:
    """Set the process up and answer."""
    pipe = Connection(int(sys.argv[1]))
    os.dup2(2, 1)  # what a network prints goes to standard error

    import torch

    from prunekit.program.allocator import keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()
    answer(pipe)


def answer(pipe: Connection) -> None:
    """Answer the question that comes through a pipe."""
    from prunekit.search.scan import scan

    ahead = 0
    try:
        pipe.send_bytes(pickle.dumps(READY))
        question, half_width, known = pickle.loads(pipe.recv_bytes())
        for step in scan(pickle.loads(question), half_width, known):
            pipe.send_bytes(pickle.dumps(step))
            ahead += 1
            while ahead == AHEAD or pipe.poll():
                pipe.recv_bytes()
                ahead -= 1
        pipe.send_bytes(pickle.dumps(END))
    except (EOFError, OSError):
        pass  # the reader has closed the pipe
    except Exception:  # the parent measures this part itself, and meets the same error there
        pipe.send_bytes(pickle.dumps(FAILED))


if __name__ == "__main__":
    main()
