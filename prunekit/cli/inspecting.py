"""What there is to prune: the bundled tasks, and the layers and groups of one."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb
from prunekit.cli.output import show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``tasks`` and ``inspect``."""
    add_verb(verbs, "tasks", _tasks, "List the bundled tasks.")
    add_task(add_verb(verbs, "inspect", _inspect, "Show layers, groups and counts."))


def _tasks(options: argparse.Namespace) -> None:
    from prunekit.tasks.zoo import BUNDLED

    cards = [{"name": task.name, "title": task.title, **task.card()} for task in BUNDLED.values()]
    show(options, cards, (f"{card['name']:<10} {card['title']}: {card['about']}" for card in cards))


def _inspect(options: argparse.Namespace) -> None:
    from prunekit import verbs

    found = verbs.inspect(verbs.open_task(options.task, options.workspace))
    show(options, found, _structure_text(found))


def _structure_text(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['task']}: {found['params']:,} parameters, {found['macs']:,} MACs, {found['bytes']:,} bytes"
    for layer in found["layers"]:
        fate = f"protected: {layer['protected']}" if layer["protected"] else f"group {layer['group']}"
        shape = "×".join(map(str, layer["shape"]))
        yield f"  {layer['name']:<24} {shape:<14} {layer['params']:>10,} params {layer['macs']:>12,} MACs  {fate}"
    for group in found["groups"]:
        if group["linked"]:
            yield f"  group {group['name']} moves {', '.join(group['layers'])} together: {group['linked']}"
    if found["unknown_ops"]:
        yield f"  operations without a rule (what they touch is protected): {', '.join(found['unknown_ops'])}"
