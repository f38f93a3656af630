import json
import random
import subprocess
import sys

import pytest

# One process imports torch, then forks a scan for each life; none but the last is let to its end.
LIVES = """
import json, os, random, signal, sys, time
from dataclasses import asdict
import torch
from prunekit import verbs
from prunekit.graph import structure_of
from prunekit.records import Mode
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from tests import nets, samples

folder, lives, seed, half_width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
torch.set_num_threads(1)
net = nets.make("residual")
task = Task("tiny", "Tiny", net, lambda: net, "tests.nets:Residual", samples.data(validation=300))
structure = structure_of(net, task.example)
rng = random.Random(seed)

def table(workspace):
    opened = verbs.Opened(task, structure, digest(net), Workspace(workspace))
    return opened, sorted((p.name, p.level, json.dumps(asdict(p.reading))) for p in
                          verbs.stored_points(opened, Mode.CHANNELS, None, half_width=half_width))

def live(workspace, seconds=None):
    while signal.sigtimedwait({signal.SIGCHLD}, 0):
        pass  # of an earlier life
    child = os.fork()
    if child == 0:
        opened, known = table(workspace)
        log = os.open(workspace + ".log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        known = {(name, level) for name, level, _ in known}
        for point in verbs.scan(opened, Mode.CHANNELS, limit=None, half_width=half_width):
            if (point.name, point.level) not in known:
                os.write(log, json.dumps([point.name, point.level]).encode() + b"\\n")
        os._exit(0)
    if seconds is not None and signal.sigtimedwait({signal.SIGCHLD}, seconds) is None:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
begun = time.monotonic()
assert live(folder + "/whole") == 0
whole = time.monotonic() - begun
ends = [live(folder + "/killed", rng.uniform(0.02, 0.6) * whole) for _ in range(lives)]
assert live(folder + "/killed") == 0
measured = [tuple(json.loads(line)) for line in open(folder + "/killed.log")]
print(json.dumps({"ends": ends, "whole": table(folder + "/whole")[1], "killed": table(folder + "/killed")[1],
                  "measured": measured}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("half_width", [None, 0.05])
def test_a_scan_killed_at_random_moments_ends_with_the_same_table(tmp_path, half_width):
    seed = random.randrange(10**6)
    command = [sys.executable, "-c", LIVES, str(tmp_path), "10", str(seed), json.dumps(half_width)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] == found["whole"], seed
    assert len(found["whole"]) == 2 * 9
    assert -9 in found["ends"]
    cells = [tuple(cell) for cell in found["measured"]]
    assert len(cells) == len(set(cells)), seed  # what was stored was not measured again
