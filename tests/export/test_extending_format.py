"""The format that ``docs/extending_format.md`` shows."""

import re
from dataclasses import replace
from pathlib import Path

import torch

from prunekit.export.export import export
from prunekit.export.formats import FORMATS
from prunekit.export.measured import Measured
from prunekit.records import Mode
from prunekit.tasks.functions import import_file
from tests.export.conftest import cut, make_task

PAGE = Path(__file__).parents[2] / "docs" / "extending_format.md"


def test_the_example_is_written_and_proven(tmp_path, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    (tmp_path / "my_format.py").write_text(example)
    monkeypatch.setitem(FORMATS, "npz", FORMATS["pt2"])  # so that it is gone afterwards
    del FORMATS["npz"]
    own = import_file(tmp_path / "my_format.py")
    task = make_task("linear")
    model = own.Net().eval()
    with torch.no_grad():
        split = replace(task.data.validation, targets=model(task.data.validation.inputs).argmax(1))
    data = replace(task.data, validation=split)
    task = replace(task, model=model, factory=own.Net, factory_path=f"{own.__file__}:Net", data=data)
    *_, files = export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out", ["npz"])
    (file,) = (file for file in files if file.path.endswith("linear.npz"))
    assert file.proof.ok
    assert "loads in a fresh process" in file.proof.checks[1].detail
    assert file.proof.checks[2].detail.startswith("outputs on 40 validation samples differ by at most 0.0e+00")
