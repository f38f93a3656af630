"""Exported programs whose description would run code, import modules or fill the memory."""

import io
import json
import zipfile

import pytest
import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.tasks.program import open_program

DESCRIPTION, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3, padding=1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        half = x.shape[0] // 2
        return self.fc(torch.nn.functional.gelu(self.c(x), approximate="tanh").mean((2, 3)))[:half]


@pytest.fixture(scope="module")
def program():
    torch.manual_seed(0)
    exported = torch.export.export(
        Net().eval(), (torch.zeros(4, 1, 8, 8),), dynamic_shapes=({0: torch.export.Dim.AUTO},)
    )
    buffer = io.BytesIO()
    torch.export.save(exported, buffer)
    return buffer.getvalue()


def _changed(program, change, file=DESCRIPTION):
    """Write the program anew with one of its JSON files changed in place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(program)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(file):
                description = json.loads(content)
                change(description)
                content = json.dumps(description).encode()
            target.writestr(name, content)
    return out.getvalue()


def _everywhere(key, value):
    """Set a key to a value wherever it stands."""

    def walk(node):
        if isinstance(node, dict):
            if key in node:
                node[key] = value
            node = list(node.values())
        for one in node if isinstance(node, list) else []:
            walk(one)

    return walk


def _graph(description):
    return description["graph_module"]["graph"]


def _first_node(key, value):
    def change(description):
        _graph(description)["nodes"][1][key] = value

    return change


def _tree(context, kind="builtins.dict"):
    leaf = {"type": None, "context": None, "children_spec": []}
    spec = json.dumps([1, {"type": kind, "context": context, "children_spec": [leaf]}])

    def change(description):
        description["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = spec

    return change


def _rename(description):
    text = json.dumps(description).replace('"x"', '"x=print(1)"')
    description.clear()
    description.update(json.loads(text))


def _payload(key, value):
    def change(description):
        entry = next(iter(description["config"].values()))
        entry["tensor_meta"][key] = value

    return change


EVIL = "__import__('os').mkdir({!r}) or Integer(2)"
ENUM = '{"__enum__": true, "fqn": "antigravity:X", "name": "Y"}'
CASES = {
    "a size that is code": _everywhere("expr_str", EVIL),
    "a size that grows": _everywhere("expr_str", "9**9**9**9"),
    "an operator of the system": _first_node("target", "torch.os.system"),
    "an operator that reads files": _first_node("target", "torch.ops.aten.from_file.default"),
    "an attribute of an operator": _first_node("target", "torch.ops.aten.relu.__class__"),
    "a method that calls others": _first_node("target", "_operator.methodcaller"),
    "a library to load": _first_node("target", "torch.ops.load_library"),
    "an operator that is none": _first_node("target", "torch.ops.aten.relu.overloads"),
    "a name that is code": _first_node("name", "x; import os"),
    "an input that is code": _rename,
    "an argument that is code": _everywhere("as_string", "' or __import__('os').abort() or '"),
    "a tree that imports": _tree(ENUM),
    "a tree that calls": _tree("null", "collections.defaultdict"),
    "a tree of names that are code": _tree("[\"a'] or print(1) or L['\"]"),
    "a key that is code": lambda description: _graph(description)["tensor_values"].update({"x = 1": {}}),
    "a bound that is code": lambda description: description["range_constraints"].update({"f()": {"min_val": 1}}),
    "objects": lambda description: _graph(description)["inputs"].append({"as_custom_obj": {"name": "x"}}),
    "a verifier": lambda description: description.update(verifiers=["os.system"]),
    "a parameter that is code": _everywhere("parameter_name", 'a") or print(1) or getattr(self, "b'),
    "no end of levels": lambda description: description.update(more=json.loads("[" * 500 + "]" * 500)),
}
TENSORS = {
    "a giant without bytes": _payload("sizes", [{"as_int": 1 << 40}]),
    "a giant of one number": lambda config: (
        _payload("sizes", [{"as_int": 1 << 20}, {"as_int": 1 << 20}])(config),
        _payload("strides", [{"as_int": 0}, {"as_int": 0}])(config),
    ),
    "numbers of others": _payload("storage_offset", {"as_int": 1 << 20}),
    "a free size": _payload("sizes", [{"as_expr": {"expr_str": "s0", "hint": None}}]),
    "a member that is none": lambda config: next(iter(config["config"].values())).update(path_name="../model.json"),
    "an object": lambda config: next(iter(config["config"].values())).update(path_name="custom_obj_0"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_description_that_is_more_than_names_numbers_and_operators_is_refused(program, name):
    with pytest.raises(CheckpointError) as raised:
        open_program(_changed(program, CASES[name]))
    assert str(raised.value).startswith("The program ")
    assert "\n" not in str(raised.value)
    assert "cannot be loaded" not in str(raised.value), "torch saw it"


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_that_are_not_their_bytes_are_refused(program, name):
    with pytest.raises(CheckpointError) as raised:
        open_program(_changed(program, TENSORS[name], WEIGHTS))
    assert "cannot be loaded" not in str(raised.value), "torch saw it"


def test_guards_and_notes_are_left_out_and_the_answers_stay(program):
    def change(description):
        description["guards_code"] = ["__import__('os').abort()"]
        for node in _graph(description)["nodes"]:
            node["metadata"] = {"custom": "no JSON", "nn_module_stack": "one", "stack_trace": "\n1/0"}

    inputs = torch.randn(6, 1, 8, 8)
    with torch.no_grad():
        expected = open_program(program)(inputs)
        assert torch.equal(open_program(_changed(program, change))(inputs), expected)
    assert expected.shape == (3, 2)


def test_an_operator_that_nobody_registered_is_named(program):
    with pytest.raises(CheckpointError, match=r"torch\.ops\.aten\.relu\.overloads, which this torch does not know"):
        open_program(_changed(program, CASES["an operator that is none"]))
