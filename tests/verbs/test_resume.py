import json
import subprocess
import sys

import pytest

# One process imports torch, then forks a scan for each life; none but the last is let to its end.
LIVES = """
import json, os, random, signal, sys
from dataclasses import asdict
import torch
from prunekit import verbs
from prunekit.graph import structure_of
from prunekit.records import Mode
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from tests import nets, samples

folder, lives, half_width = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
torch.set_num_threads(1)
net = nets.make("residual")
task = Task("tiny", "Tiny", net, lambda: net, "tests.nets:Residual", samples.data(validation=300))
structure = structure_of(net, task.example)
draw = random.Random(0)

def table(workspace):
    opened = verbs.Opened(task, structure, digest(net), Workspace(workspace))
    return opened, sorted((p.name, p.level, json.dumps(asdict(p.reading))) for p in
                          verbs.stored_points(opened, Mode.CHANNELS, None, half_width=half_width))

class Calls:  # counts the calls of this process, and kills it at one of them
    def __init__(self, last):
        self.count, self.last, self.first = 0, last, None

    def __call__(self, *_):
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

def live(workspace, last=None):
    counted, count = os.pipe()
    child = os.fork()
    if child == 0:
        opened, known = table(workspace)
        log = os.open(workspace + ".log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        known = {(name, level) for name, level, _ in known}
        calls = Calls(last)
        sys.setprofile(calls)
        for point in verbs.scan(opened, Mode.CHANNELS, limit=None, half_width=half_width):
            calls.first = calls.first or calls.count
            if (point.name, point.level) not in known:
                os.write(log, json.dumps([point.name, point.level]).encode() + b"\\n")
        sys.setprofile(None)
        os.write(count, f"{calls.first} {calls.count}".encode())
        os._exit(0)
    os.close(count)
    end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(counted) as text:
        return end, text.read()

end, calls = live(folder + "/whole")
assert end == 0
first, last = map(int, calls.split())  # most calls come before the first point
ends, stored = [], []
for _ in range(lives):  # none measures more than a third of the points
    ends.append(live(folder + "/killed", first + draw.randrange((last - first) // 3))[0])
    stored.append(len(table(folder + "/killed")[1]))
assert live(folder + "/killed")[0] == 0
measured = [tuple(json.loads(line)) for line in open(folder + "/killed.log")]
print(json.dumps({"ends": ends, "whole": table(folder + "/whole")[1], "killed": table(folder + "/killed")[1],
                  "stored": stored, "measured": measured}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("half_width", [None, 0.05])
def test_a_scan_killed_at_any_of_its_calls_ends_with_the_same_table(tmp_path, half_width):
    command = [sys.executable, "-c", LIVES, str(tmp_path), "6", json.dumps(half_width)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["killed"] == answer["whole"]
    assert len(answer["whole"]) == 2 * 9
    kills = [stored for end, stored in zip(answer["ends"], answer["stored"], strict=True) if end == -9]
    assert len(set(kills)) >= 3  # some in the midst of the points
    cells = [tuple(cell) for cell in answer["measured"]]
    assert len(cells) == len(set(cells))  # what was stored was not measured again
