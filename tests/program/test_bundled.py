import pytest
import torch

from prunekit import verbs
from prunekit.cut.pruned import prune
from prunekit.program.forward import run
from prunekit.program.outputs import finish
from prunekit.records import Mode
from prunekit.search.bench import bench
from prunekit.search.question import Question
from prunekit.tasks.zoo import task_names

SAMPLES = 100


@pytest.mark.slow
@pytest.mark.parametrize("name", task_names())
@pytest.mark.parametrize("mode", Mode)
def test_predictions_are_those_of_the_network_really_cut(name, mode, tmp_path):
    opened = verbs.open_task(name, tmp_path)
    model, structure = opened.task.model, opened.structure
    samples = opened.task.data.validation.head(SAMPLES)
    asked = finish(bench(Question(model, structure, samples, mode=mode, levels=[0.5])))
    assert asked.probe.program.backend == "fused"
    batch = asked.probe.batch(range(SAMPLES))
    cells = list(asked.cells.at([0.5]))
    for cell in {cells[0], cells[len(cells) // 2], cells[-1]}:
        ready = asked.ready(cell)
        assert ready.model is None
        expected = run(prune(model, structure, cell.recipe).model, asked.split.inputs)
        found = asked.probe.answer(ready, batch)
        assert torch.allclose(found, expected, atol=1e-3)
        top = expected.topk(2, dim=1).values
        clear = top[:, 0] - top[:, 1] > 1e-4
        assert torch.equal(found.argmax(1)[clear], expected.argmax(1)[clear])
        assert int((~clear).sum()) <= clear.numel() // 1000  # of samples none; of pixels hardly any
