"""A person's own script: it makes a network, opens it, serves it, and goes on working with it as it is told.

``python own_script.py WORKSPACE [BEHIND]`` answers each word on its input with a line of JSON.
"""

import json
import pickle
import sys
import threading
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.store import Workspace
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split, Task
from prunekit.ui.serve import serve


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.body(x))


torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(1200, 8)
y = x[:, :3].argmax(1)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(40):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x[:800]), y[:800]).backward()
    optimizer.step()
net.eval()


def correct(model: nn.Module) -> int:
    """Count by this script's own loop."""
    with torch.no_grad():
        return sum(int(model(row[None]).argmax() == label) for row, label in zip(x[800:], y[800:], strict=True))


train = Split(x[:800], y[:800])
task = Task(
    "mine", "My own net", net, Net, "", Data(Split(x[800:], y[800:]), None, lambda epoch: train, ("a", "b", "c"))
)


def open_in(workspace: str) -> verbs.Opened:
    return verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(workspace))


opened, aside = worker().call(lambda: (open_in(sys.argv[1]), open_in(f"{sys.argv[1]}-aside")))
half = Recipe("mine", channels={"body.0": 0.5})


def evaluate() -> int:
    return worker().call(lambda: verbs.last(verbs.evaluate(opened, half))).reading.correct


def readings(records: Iterable[object]) -> list[int]:
    """What a recovery measured, epoch by epoch: right answers."""
    return [record.reading.correct for record in records if getattr(record, "reading", None)]


enough = threading.Event()


def slowly() -> Iterator[object]:
    """A recovery that is under way until this script is told that it was long enough."""
    records = verbs.recover(opened, half, epochs=3)
    yield next(records)
    while not enough.is_set():
        enough.wait(0.005)
        yield None
    yield from records


def answer(word: str) -> dict:
    global job
    match word:
        case "evaluate":
            return {"correct": evaluate()}
        case "recover":
            job = worker().job("script", "Recovering", slowly)
            return {"running": not job.finished}
        case "enough":
            running = not job.finished
            enough.set()
            return {"running": running, "error": job.wait().error, "epochs": readings(job.snapshot().records)}
        case "stop":
            pickle.dumps(net)  # a class of this script is still found where it is defined
            serving.stop()
            return {"running": serving.running, "threads": [thread.name for thread in threading.enumerate()]}
    return {}


alone = {
    "correct": correct(net),
    "half": correct(worker().call(lambda: resolve(opened, half).pruned.model)),
    "epochs": worker().call(lambda: readings(verbs.recover(aside, half, epochs=3))),
}
serving = serve(opened, behind=sys.argv[2] if len(sys.argv) > 2 else None)
print(json.dumps({**alone, "url": serving.url, "proxied": serving.proxied}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(line.strip())), flush=True)
