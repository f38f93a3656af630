"""Everything that opens what people bring, with good files to start from and ways to change them."""

import io
import json
import pickle
import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request
from tests.fuzz import mutations

Mutation = Callable[[Random, bytes], bytes]
VALID = 0.6
"""Share of changes that leave a container's framing whole."""


@dataclass(frozen=True)
class Opener:
    """One way in.

    Attributes:
        seeds: makes good files.
        valid: changes that leave the framing whole.
        open: opens a file's bytes; it may raise ``Refused`` or a ``PrunekitError``, and nothing else.
        modules: whose branches are counted.
        dear: whether an input takes long.
    """

    seeds: Callable[[], list[bytes]]
    valid: Mutation
    open: Callable[[bytes], object]
    modules: tuple[str, ...]
    dear: bool = False

    def mutated(self, random: Random) -> bytes:
        """Make a file that is almost good."""
        content = random.choice(self.seeds())
        if random.random() < VALID:
            return self.valid(random, content)
        return mutations.raw(random, content)


def _read(reader: str, name: str = "file", **options: Any) -> Callable[[bytes], object]:
    """Read as the child process does, in this one, so that nothing is caught between."""

    def opened(content: bytes) -> object:
        from importlib import import_module

        from prunekit.foreign.server import READERS

        module, _, function = READERS[reader].partition(":")
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            request = Request((path,), len(content), "The file", options, Path(folder))
            try:
                return json.dumps(getattr(import_module(module), function)(request, io.BytesIO()))
            except OSError as error:  # the child says it in a sentence of its own
                raise Refused("It cannot be read.") from error

    return opened


@cache
def _states() -> tuple[dict[str, Any], ...]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Linear(3, 2))
    training = torch.optim.Adam(net.parameters()).state_dict()
    return net.state_dict(), {"model": net.state_dict(), "epoch": 3, "optimizer": training, "names": ["a", "b"]}


@cache
def _torch(new: bool) -> list[bytes]:
    import torch

    saved = []
    for state in _states():
        buffer = io.BytesIO()
        torch.save(state, buffer, _use_new_zipfile_serialization=new)
        saved.append(buffer.getvalue())
    return saved


@cache
def _safetensors() -> list[bytes]:
    from safetensors.torch import save

    return [save(dict(_states()[0]))]


@cache
def _npz() -> list[bytes]:
    files = []
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, X=np.zeros((12, 1, 4, 4), np.float32), y=np.arange(12) % 3)
        files.append(buffer.getvalue())
    return files


@cache
def _cifar() -> list[bytes]:
    batch = {
        b"data": np.zeros((4, 3072), np.uint8),
        b"labels": [0, 1, 0, 1],
        b"batch_label": b"one",
        b"filenames": [b"a"] * 4,
    }
    return [pickle.dumps(batch, protocol) for protocol in (2, 4)]


@cache
def _images() -> list[bytes]:
    from PIL import Image

    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 11, 3), dtype=np.uint8))
    files = []
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        buffer = io.BytesIO()
        pixels.save(buffer, form)
        files.append(buffer.getvalue())
    return files


def _image(random: Random, content: bytes) -> bytes:
    return mutations.png(random, content) if content[:4] == b"\x89PNG" else mutations.raw(random, content)


@cache
def _program() -> list[bytes]:
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU("tanh"), nn.Flatten(), nn.Linear(8, 2)).eval()
    exported = torch.export.export(net, (torch.zeros(2, 1, 4, 4),), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    buffer = io.BytesIO()
    torch.export.save(exported, buffer)
    return [buffer.getvalue()]


def _open_program(content: bytes) -> object:
    from prunekit.tasks.program import open_program

    _read("program", samples=True)(content)  # here, so that its branches are seen
    return open_program(content)


def _member(random: Random, name: str, content: bytes) -> bytes:
    """Change a member of an archive after its kind."""
    if name.endswith(".json"):
        return mutations.as_json(random, content)
    if name.endswith(".npy"):
        return mutations.npy(random, content)
    return mutations.pickled(random, content) if name.endswith(".pkl") else mutations.raw(random, content or b"x")


RECIPE = {
    "version": 1,
    **{"task": "net", "base": None, "channels": {"conv1": 0.5}, "keep": {"conv1": [1]}, "drop": {"conv2": [0, 2]}},
    **{"round_to": {"conv1": 8}, "weights": {"fc": "2:4"}, "blocks": ["b"], "bits": {"fc": 8}, "activation_bits": 8},
    **{"criterion": "l2", "seed": 0, "recalibrate": True},
}


def _open_recipe(content: bytes) -> object:
    from prunekit.recipe import Recipe

    recipe = Recipe.from_text(content)
    assert Recipe.from_text(recipe.to_text()) == recipe
    return recipe.digest.encode()


PROJECT = b"""name = "own"
factory = "nets.py:net"
arguments = { width = 16, deep = { a = [1, 2] } }
checkpoint = "net.pt"
strict = true
input = [1, 14, 14]
data = "digits.npz"
limit = 100
classes = ["even", "odd"]
mean = [0.5]
std = 0.25
metric = "accuracy"
use = ["more.py"]
"""


def _toml(random: Random, content: bytes) -> bytes:
    """Give one key another value; such as TOML has no word for are left as text."""
    values = {**tomllib.loads(content.decode())}
    key = random.choice(list(values))
    values[key] = random.choice([value for value in mutations.VALUES if value is not None and value != {"a": 1}])
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict)]
    return "\n".join(lines).encode()


def _open_project(content: bytes) -> object:
    from prunekit.tasks.settings import read_settings

    with TemporaryDirectory() as folder:
        path = Path(folder) / "prunekit.toml"
        path.write_bytes(content)
        return read_settings(path, {})


STATE = {
    "rev": 3,
    "phase": "drag",
    "layout": "l",
    "focus": "conv1",
    "values": {"conv1": 0.5, "conv2": 0},
    "pinned": ["fc"],
}


def _open_frame(content: bytes) -> object:
    from prunekit.ui.equalizer.line import _read as read

    return read(content.decode("utf-8", "replace"))


@cache
def _workspace() -> list[bytes]:
    from prunekit.recipe import Recipe
    from prunekit.records import Conditions, Cost, Mode, Point, Reading, Run, Status, TaskKey
    from prunekit.store import Workspace

    with TemporaryDirectory() as folder:
        store = Workspace(folder)
        reading = Reading(
            "accuracy", 0.9, 200, 180, (0.85, 0.93), 0.3, 0.01, "validation", Status.MEASURED, "0" * 16, (1.0,)
        )
        conditions, recipe = Conditions(1, 100, 0, "3.11", "2.13", "AVX"), Recipe.from_json(RECIPE)
        for number in (1, 2):
            parent = "000000000001" if number == 2 else None
            origin = (f"{number:012}", "net", "feed", recipe, parent, 1.0, Cost(1, 2, 3))
            store.add_run(Run(*origin, readings=(reading,), conditions=conditions, data="beef"))
        store.set_head(TaskKey("net", "feed", "beef"), "000000000002")
        store.undo(TaskKey("net", "feed", "beef"))
        store.add_point(_scan_key(), Point(Mode.CHANNELS, "conv1", 0.5, reading))
        store.set_setting("shown", {"a": 1})
        with closing(sqlite3.connect(store.path / "history.sqlite3")) as db:
            db.execute("VACUUM INTO ?", (str(store.path / "one.sqlite3"),))  # all of it in one file
        return [(store.path / "one.sqlite3").read_bytes()]


def _scan_key() -> Any:
    from prunekit.records import Mode
    from prunekit.store import ScanKey

    return ScanKey("m", "d", "l2", Mode.CHANNELS, None, "1")


def _cell(random: Random, content: bytes) -> bytes:
    """Change one value of one table, or one inside of its JSON text."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            table = random.choice(("runs", "readings", "heads", "points", "settings"))
            column = random.choice([row[1] for row in db.execute(f"PRAGMA table_info({table})")])
            (value,) = db.execute(f"SELECT {column} FROM {table}").fetchone()
            changed = random.choice(
                [v for v in mutations.VALUES if not isinstance(v, list | dict) and not _is_large(v)]
            )
            if isinstance(value, str) and value[:1] in ("{", "[") and random.random() < 0.8:
                changed = json.dumps(mutations.structured(random, json.loads(value)))
            try:
                db.execute(f"UPDATE {table} SET {column} = ?", (changed,))
                db.commit()
            except sqlite3.IntegrityError:
                pass
        return path.read_bytes()


def _is_large(value: Any) -> bool:
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 63


def _open_workspace(content: bytes) -> object:
    from prunekit.records import TaskKey
    from prunekit.store import Workspace

    with TemporaryDirectory() as folder:
        (Path(folder) / "history.sqlite3").write_bytes(content)
        store, key = Workspace(folder), TaskKey("net", "feed", "beef")
        answers = (
            store.head(key),
            store.can_redo(key),
            store.runs("net"),
            store.points(_scan_key()),
        )
        return repr((*answers, store.setting("shown"), [run.to_json() for run in store.runs("net")]))


EXPORT = Path(__file__).parents[1] / "compatibility" / "export"
NAMES = ("manifest.json", "resnet8.safetensors", "reference.safetensors", "recipe.json")


@cache
def _export() -> list[bytes]:
    return [f"{name}\n".encode() + (EXPORT / name).read_bytes() for name in NAMES]


def _file(random: Random, content: bytes) -> bytes:
    name, _, inside = content.partition(b"\n")
    change = mutations.as_json if name.endswith(b".json") else mutations.safetensors
    return name + b"\n" + change(random, inside)


def _open_export(content: bytes) -> object:
    """Open an export one of whose files was changed, and the manifest with it, as who changes one would."""
    from prunekit.export.manifest import Manifest
    from prunekit.export.reference import read_reference
    from prunekit.export.stored import check_checkpoint
    from prunekit.recipe import Recipe

    name, _, inside = content.partition(b"\n")
    with TemporaryDirectory() as folder:
        for other in NAMES:
            shutil.copy(EXPORT / other, folder)
        (
            Path(folder) / (name.decode("utf-8", "replace") if name.decode("utf-8", "replace") in NAMES else NAMES[0])
        ).write_bytes(inside)
        Manifest.read(Path(folder))
        check_checkpoint(Path(folder) / "resnet8.safetensors")
        read_reference(Path(folder) / "reference.safetensors")
        return Recipe.from_text((Path(folder) / "recipe.json").read_bytes())


FOREIGN = "prunekit.foreign."
OPENERS = {
    "checkpoint (zip)": Opener(
        lambda: _torch(True),
        mutations.rezipped(_member),
        _read("state dict"),
        (FOREIGN + "state_dict", FOREIGN + "archive", FOREIGN + "opcodes", FOREIGN + "tensors"),
    ),
    "checkpoint (legacy)": Opener(
        lambda: _torch(False),
        mutations.pickled,
        _read("state dict"),
        (FOREIGN + "legacy", FOREIGN + "opcodes", FOREIGN + "tensors"),
    ),
    "safetensors": Opener(_safetensors, mutations.safetensors, _read("state dict"), (FOREIGN + "named_tensors",)),
    "npz": Opener(_npz, mutations.rezipped(_member), _read("npz"), (FOREIGN + "npz", FOREIGN + "archive")),
    "CIFAR": Opener(
        _cifar, mutations.pickled, _read("cifar", labels="labels"), (FOREIGN + "cifar", FOREIGN + "opcodes")
    ),
    "images": Opener(_images, _image, _read("images", channels=3, height=8, width=8), (FOREIGN + "images",)),
    "recipe": Opener(lambda: [json.dumps(RECIPE).encode()], mutations.as_json, _open_recipe, ("prunekit.recipe",)),
    "project file": Opener(lambda: [PROJECT], _toml, _open_project, ("prunekit.tasks.settings",)),
    "line frames": Opener(
        lambda: [json.dumps(STATE).encode()], mutations.as_json, _open_frame, ("prunekit.ui.equalizer.sent",)
    ),
    ".pt2": Opener(
        _program,
        mutations.rezipped(_member),
        _open_program,
        (FOREIGN + "program", FOREIGN + "description", FOREIGN + "expressions", FOREIGN + "operators"),
        dear=True,
    ),
    "workspace": Opener(
        _workspace,
        _cell,
        _open_workspace,
        ("prunekit.store.encoding", "prunekit.store.runs", "prunekit.outside"),
        dear=True,
    ),
    "export folder": Opener(
        _export,
        _file,
        _open_export,
        ("prunekit.export.manifest", "prunekit.export.stored", "prunekit.outside"),
        dear=True,
    ),
}
"""Every way in, by its name in the table that ``make fuzz`` prints."""


@contextmanager
def silent() -> Iterator[None]:
    """Keep what torch and decoders print of damaged files from the table."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
