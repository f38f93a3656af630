import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from prunekit.errors import ExportError
from prunekit.export.snippet import load_snippet
from tests import nets
from tests.export.conftest import make_task


def run(text: str, folder) -> dict:
    scope = {"__file__": str(folder / "load_net.py"), "__name__": "load_net"}
    exec(compile(text, "load_net.py", "exec"), scope)
    return scope


def test_a_factory_of_a_module_is_imported_from_it(tmp_path):
    text = load_snippet("resnet8", "prunekit.tasks.resnet:resnet8", 78_000)
    assert "from prunekit.tasks.resnet import resnet8 as factory" in text
    assert "78,000 parameters" in text
    assert "sys.path" not in text
    assert "load" in run(text, tmp_path)


def test_a_factory_of_a_file_is_run_from_it(tmp_path):
    scope = run(load_snippet("net", f"{nets.__file__}:Plain", 1), tmp_path)
    assert type(scope["factory"]()).__name__ == "Plain"


def test_the_snippet_is_small():
    assert len(load_snippet("net", "nets.py:net", 1).splitlines()) <= 50


@pytest.mark.parametrize(
    "path", ["nets", "nets:", ":net", "a-b:net", "os:system('x')", "os\nimport x:y", "nets.py:a b"]
)
def test_a_path_that_is_no_name_is_refused(path):
    with pytest.raises(ExportError, match="module:function"):
        load_snippet("net", path, 1)


def test_another_network_is_refused(exports):
    folder = exports["plain channels"]
    text = (folder / "load_plain.py").read_text()
    scope = run(text.replace('["Plain"]', '["Residual"]'), folder)
    with pytest.raises(AttributeError, match="bn1|conv2|fc1"):
        scope["load"](folder / "plain.safetensors")


def test_a_network_with_more_tensors_is_refused(exports):
    folder = exports["plain channels"]
    scope = run((folder / "load_plain.py").read_text(), folder)

    def more():
        net = nets.make("plain")
        net.extra = torch.nn.Linear(1, 1)
        return net

    scope["factory"] = more
    with pytest.raises(KeyError, match="extra.bias"):
        scope["load"](folder / "plain.safetensors")


def test_the_loaded_network_is_whole(exports):
    folder = exports["attention channels"]
    net = run((folder / "load_attention.py").read_text(), folder)["load"](folder / "attention.safetensors")
    assert not net.training
    assert all(parameter.requires_grad for parameter in net.parameters())
    net.load_state_dict(load_file(folder / "attention.safetensors"), strict=True)
    for module in net.modules():
        if isinstance(module, torch.nn.Linear):
            assert (module.out_features, module.in_features) == tuple(module.weight.shape)


WITHOUT_PRUNEKIT = """
import importlib.util, json, sys
import torch
sys.modules["prunekit"] = None  # importing it raises
torch.set_num_threads(1)
differences = {}
for folder, name, inputs in json.load(sys.stdin):
    spec = importlib.util.spec_from_file_location(f"load_{name}", f"{folder}/load_{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reference = __import__("safetensors.torch").torch.load_file(f"{folder}/reference.safetensors")["logits"]
    with torch.no_grad():
        found = module.load()(torch.tensor(inputs))
    differences[name] = (found - reference).abs().max().item()
print(json.dumps(differences))
"""


def test_the_snippet_needs_no_prunekit(exports, tmp_path):
    job = [(str(exports[f"{net} channels"]), net, make_task(net).data.validation.inputs.tolist()) for net in nets.NETS]
    answer = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_PRUNEKIT],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert all(difference <= 1e-5 for difference in json.loads(answer.stdout).values())


@pytest.mark.parametrize("call", ["x", "input=x"])
def test_an_input_is_rounded_by_whichever_way_it_is_given(tmp_path, call):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.inner = nn.Linear(1, 1, bias=False)\n"
        "    def forward(self, x):\n"
        f"        return self.inner({call})\n"
    )
    facts = {"sizes": {}, "tied": {}, "levels": {"inner": [0.5, 10]}}
    metadata = {name: json.dumps(value) for name, value in facts.items()}
    save_file({"inner.weight": torch.ones(1, 1)}, tmp_path / "net.safetensors", metadata)
    scope = run(load_snippet("net", f"{tmp_path / 'net.py'}:Net", 1, rounds_inputs=True), tmp_path)
    # A grid of halves from −5, which is level 0, to 122.5.
    found = scope["load"](tmp_path / "net.safetensors")(torch.tensor([[0.7], [-9.0]]))
    assert found.tolist() == [[0.5], [-5.0]]
