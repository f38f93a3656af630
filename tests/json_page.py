"""The page on JSON as what it promises: keys and types of every answer, and what its commands printed."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prunekit.recipe import Recipe
from tools.app_server import ROOT

PAGE = (ROOT / "docs" / "json.md").read_text()
SECTIONS = dict(re.findall(r"^##+ (.+)\n((?:(?!^##).*\n)*)", PAGE, re.MULTILINE))
"""The page's text by heading: of a verb ``prunekit scan``, of a record that others hold ``reading``."""
PLAIN = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),)}


def _keys(section: str) -> dict[str, str]:
    """Read a section's table: key → type, without links and units."""
    keys: dict[str, str] = {}
    for key, cell in re.findall(r"^\| (?:`(\w+)`|…) \| (.*?) \|", section, re.MULTILINE):
        kind = re.sub(r" \(.*?\)", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", cell))
        keys |= {key: kind} if key else _keys(SECTIONS[kind.removeprefix("every key of ")])
    return keys


RECORDS = {heading: _keys(section) for heading, section in SECTIONS.items()}


@dataclass(frozen=True)
class Example:
    """A command of the page.

    Attributes:
        kind: the type of its answer.
        arguments: what follows ``prunekit``.
        shown: the answer, whose lists may be cut off.
    """

    kind: str
    arguments: str
    shown: Any


def _examples() -> Iterator[tuple[str, Example]]:
    for heading, section in SECTIONS.items():
        for arguments, shown in re.findall(r"^```console\n\$ prunekit (.*)\n((?:(?!```).*\n)*)", section, re.MULTILINE):
            kind = f"list of {heading}" if "A list of objects" in " ".join(section.split()) else heading
            yield heading, Example(kind, arguments, json.loads(shown))


EXAMPLES = dict(_examples())


def faults(value: Any, kind: str, where: str = "answer") -> list[str]:
    """Say in which keys and types a value is not what the page lists."""
    main, *others = kind.removeprefix("exact ").split(" or ")
    if (value is None and "null" in others) or main == "anything":
        return []
    if main in PLAIN:
        fits = isinstance(value, PLAIN[main]) and (main == "boolean" or not isinstance(value, bool))
        return [] if fits else [f"{where} is {json.dumps(value)}, no {main}"]
    if main == "recipe":
        return [] if Recipe.from_json(value).to_json() == value else [f"{where} is no whole recipe"]
    container, of, entry = main.partition(" of ")
    if not of:
        return _record_faults(value, main, where)
    shape = dict if container == "object" else list
    if not isinstance(value, shape) or (container == "pair" and len(value) != 2):
        return [f"{where} is {json.dumps(value)}, no {main}"]
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [fault for name, each in entries for fault in faults(each, entry, f"{where}[{name!r}]")]


def _record_faults(value: Any, record: str, where: str) -> list[str]:
    keys = RECORDS[record]
    if not isinstance(value, dict):
        return [f"{where} is {json.dumps(value)}, no {record}"]
    needed = {key for key, kind in keys.items() if "absent" not in kind.split(" or ")}
    wrong = [f"{where} has no {key}" for key in sorted(needed - value.keys())]
    wrong += [f"{where} has {key}, which the page does not list" for key in value if key not in keys]
    known = (faults(value[key], kind, f"{where}.{key}") for key, kind in keys.items() if key in value)
    return wrong + [fault for each in known for fault in each]


def differences(shown: Any, printed: Any, kind: str, where: str = "answer") -> Iterator[str]:
    """Say which exact numbers of an answer are not those that the page shows, whose lists may be cut off."""
    main = kind.split(" or ")[0]
    _, of, entry = main.partition(" of ")
    if main.startswith("exact "):
        if shown != printed:
            yield f"{where} is {printed}, on the page {shown}"
    elif of:
        names = shown if isinstance(shown, dict) else range(len(shown))
        for name in names:
            yield from differences(shown[name], printed[name], entry, f"{where}[{name!r}]")
    elif main in RECORDS and shown is not None and _asks(shown) == _asks(printed):
        for key, each in RECORDS[main].items():
            if key in shown:
                yield from differences(shown[key], printed.get(key), each, f"{where}.{key}")


def _asks(record: dict[str, Any]) -> Any:
    """What a record's own recipe asks for: a search may end at another one where numbers are rounded otherwise."""
    recipe = record.get("recipe")
    return {**recipe, "base": None} if isinstance(recipe, dict) else None
