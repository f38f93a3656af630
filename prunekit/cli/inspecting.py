"""What there is to prune: the bundled tasks, and the layers and groups of one."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb, opened_of
from prunekit.cli.output import progress, show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.records import Proof


def add(verbs: "Verbs") -> None:
    """Add ``tasks``, ``inspect`` and ``check``."""
    add_verb(verbs, "tasks", _tasks, "List the bundled tasks.")
    add_task(add_verb(verbs, "inspect", _inspect, "Show layers, groups and counts."))
    command = add_verb(verbs, "check", _check, "Cut each group at random and compare with the exact reference.")
    add_task(command).add_argument("--seed", type=int, default=0, help="which units are removed")


def _tasks(options: argparse.Namespace) -> None:
    from prunekit.tasks.zoo import BUNDLED

    cards = [{"name": task.name, "title": task.title, **task.card()} for task in BUNDLED.values()]
    show(options, cards, (f"{card['name']:<10} {card['title']}: {card['about']}" for card in cards))


def _inspect(options: argparse.Namespace) -> None:
    from prunekit import verbs

    answer = verbs.inspect(opened_of(options))
    show(options, answer, _structure_text(answer))


def _structure_text(answer: dict[str, Any]) -> Iterator[str]:
    yield f"{answer['task']}: {answer['params']:,} parameters, {answer['macs']:,} MACs, {answer['bytes']:,} bytes"
    yield from _fit_text(answer["checkpoint"])
    for layer in answer["layers"]:
        fate = f"protected: {layer['protected']}" if layer["protected"] else f"group {layer['group']}"
        shape = "×".join(map(str, layer["shape"]))
        yield f"  {layer['name']:<24} {shape:<14} {layer['params']:>10,} params {layer['macs']:>12,} MACs  {fate}"
    for group in answer["groups"]:
        if group["graph_only"]:
            yield f"  group {group['name']} can be cut in an exported .pt2 only: {group['graph_only']}"
        if group["linked"]:
            yield f"  group {group['name']} moves {', '.join(group['layers'])} together: {group['linked']}"
    yield from (f"  {count / answer['params']:6.1%} of the parameters: {why}" for why, count in answer["reach"].items())
    if answer["unknown_ops"]:
        yield f"  operations without a rule (what they touch is protected): {', '.join(answer['unknown_ops'])}"
    yield from (f"  {note}" for note in answer["notes"])


def _check(options: argparse.Namespace) -> int:
    from prunekit import verbs

    opened = opened_of(options)
    total, proofs = len(opened.structure.groups), []
    for proof in verbs.prove(opened, options.seed):
        proofs.append(proof)
        progress(len(proofs), total, proof.group)
    show(options, [proof.to_json() for proof in proofs], [*map(_proof_text, proofs), *opened.structure.notes])
    return 0 if all(proof.exact or proof.protected for proof in proofs) else 1


def _proof_text(proof: "Proof") -> str:
    if proof.protected:
        return f"protected  {proof.group}: {proof.protected}"
    verdict = "exact    " if proof.exact else "NOT EXACT"
    way = ", in the exported graph" if proof.graph_only else ""
    return (
        f"{verdict}  {proof.group}: {proof.removed} of {proof.units} units{way}, largest difference {proof.error:.0e}"
    )


def _fit_text(fit: dict[str, Any] | None) -> Iterator[str]:
    """Say what of the checkpoint went into the network, and name what did not."""
    if fit is None:
        return
    off = f", {fit['prefix']} taken off the names" if fit["prefix"] else ""
    yield f"checkpoint {fit['file']} ({fit['layout']}{off}): {len(fit['matched'])} tensors matched"
    for what in ("missing", "unexpected"):
        if fit[what]:
            yield f"  {what}: {', '.join(fit[what])}"
    for one in fit["reshaped"]:
        yield f"  left as it was: {one['name']} is {one['given']} in the file, {one['expected']} here"
