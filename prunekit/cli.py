"""The command line: the same verbs as the screen, as text or JSON."""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit import cli_history
from prunekit.errors import PrunekitError, RecipeError

if TYPE_CHECKING:
    from prunekit.recipe import Recipe
    from prunekit.records import ExportedFile

# Everything heavy is imported by the verb that needs it: `--help` and `tasks` answer at once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0; 1 where a verification failed or no plan meets every target; 2 on bad input, after one
        line that says what to do.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except PrunekitError as error:
        print(f"prunekit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("prunekit: stopped; what was finished is stored.", file=sys.stderr)
        return 130


def _tasks(options: argparse.Namespace) -> None:
    from prunekit.tasks.zoo import BUNDLED

    cards = [{"name": task.name, "title": task.title, **task.card()} for task in BUNDLED.values()]
    _show(options, cards, (f"{card['name']:<10} {card['title']}: {card['about']}" for card in cards))


def _inspect(options: argparse.Namespace) -> None:
    from prunekit import verbs

    found = verbs.inspect(verbs.open_task(options.task, options.workspace))
    _show(options, found, _structure_text(found))


def _evaluate(options: argparse.Namespace) -> None:
    from prunekit import verbs

    opened = verbs.open_task(options.task, options.workspace)
    evaluation = verbs.last(verbs.evaluate(opened, _recipe(options), options.split, options.limit))
    _show(options, evaluation.to_json(), _evaluation_text(evaluation.to_json()))


def _scan(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Mode

    opened = verbs.open_task(options.task, options.workspace)
    mode = Mode(options.kind)
    total = verbs.scan_size(opened, mode)
    points = []
    for point in verbs.scan(opened, mode, limit=options.limit, criterion=options.criterion):
        points.append({**asdict(point), "kind": point.kind.value})
        _progress(len(points), total, f"{point.name} at {point.level:.0%}")
    answer = {"task": opened.task.name, "kind": mode.value, "criterion": options.criterion, "points": points}
    if options.out:
        _write(options.out, json.dumps(_finite(answer), indent=2) + "\n")
    _show(options, answer, _points_text(points))


def _plan(options: argparse.Namespace) -> int:
    from prunekit import verbs
    from prunekit.records import Candidate, Mode, Point
    from prunekit.search.targets import parse_targets

    asked = parse_targets(options.target)
    opened = verbs.open_task(options.task, options.workspace)
    mode = Mode(options.kind)
    found: list[Candidate] = []
    points, total = 0, verbs.plan_size(opened, mode)
    for record in verbs.plan(opened, asked, mode):
        if isinstance(record, Point):
            points += 1
            _progress(points, total, f"scan: {record.name} at {record.level:.0%}")
        elif isinstance(record, Candidate):
            found.append(record)
        else:
            _progress(record.done, record.limit, f"search: KL to dense {record.kl:.4f}")
    *candidates, best = found
    if options.out:
        _write(options.out, json.dumps(best.recipe.to_json(), indent=2) + "\n")
    answer = {
        "task": opened.task.name,
        "kind": mode.value,
        "targets": asked,
        "candidates": [candidate.to_json() for candidate in candidates],
        "best": best.to_json(),
    }
    _show(options, answer, _plan_text(answer))
    return 1 if best.misses else 0


def _prune(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Check, Evaluation

    opened = verbs.open_task(options.task, options.workspace)
    recipe = _recipe(options)
    evaluation = verbs.last(verbs.evaluate(opened, recipe))
    answer = evaluation.to_json()
    text = _evaluation_text(answer)
    for step in verbs.export(opened, recipe, options.out):
        if isinstance(step, Check):
            print(f"{'proved' if step.ok else 'not possible'}: {step.name}: {step.detail}", file=sys.stderr)
        elif isinstance(step, Evaluation):
            answer["test"] = step.to_json()
            text.append(_reading_text(answer["test"]))
        elif isinstance(step, tuple):
            answer["files"], lines = _files(step)
            text += lines
    _show(options, answer, text)


def _recover(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.recipe import Recipe
    from prunekit.records import Epoch, Run

    opened = verbs.open_task(options.task, options.workspace)
    recipe = verbs.check(opened, _recipe(options))
    run: Run | None = None
    for record in verbs.recover(opened, recipe, options.epochs):
        if isinstance(record, Epoch):
            _progress(record.step, record.steps, f"loss {record.loss:.3f}")
        else:
            run = record
    assert run is not None
    recovered = Recipe.from_json({**recipe.to_json(), "base": run.id})
    answer: dict[str, Any] = {"run": run.id, **verbs.last(verbs.evaluate(opened, recovered)).to_json()}
    text = [f"run {run.id}", *_evaluation_text(answer)]
    if options.out:
        *_, files = verbs.export(opened, recovered, options.out)
        assert isinstance(files, tuple)
        answer["files"], lines = _files(files)
        text += lines
    _show(options, answer, text)


def _verify(options: argparse.Namespace) -> int:
    from prunekit import verbs

    opened = verbs.open_task(options.task, options.workspace) if options.task else None
    verdict = verbs.verify(options.path, opened)
    _show(options, verdict.to_json(), (f"{'ok ' if c.ok else 'NOT'} {c.name}: {c.detail}" for c in verdict.checks))
    return 0 if verdict.ok else 1


def _history(options: argparse.Namespace) -> None:
    _show(options, *cli_history.history(options.task, options.workspace))


def _compare(options: argparse.Namespace) -> None:
    _show(options, *cli_history.compare(options.task, options.a, options.b, options.workspace))


def _latency(options: argparse.Namespace) -> None:
    recipe = _recipe(options)
    _show(options, *cli_history.latency(options.task, recipe, options.batch, options.threads, options.workspace))


def _app(options: argparse.Namespace) -> int:
    environment = dict(os.environ)
    if options.task:
        from prunekit.tasks.zoo import TASKS

        known = options.task in TASKS
        environment["PRUNEKIT_TASK"] = options.task if known else str(Path(options.task).absolute())
    if options.workspace:
        environment["PRUNEKIT_WORKSPACE"] = str(options.workspace.absolute())
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    if options.port:
        command += ["--server.port", str(options.port)]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def _recipe(options: argparse.Namespace) -> "Recipe":
    from prunekit.recipe import Recipe

    if options.recipe is None:
        return Recipe()
    try:
        text = sys.stdin.read() if str(options.recipe) == "-" else options.recipe.read_bytes()
    except OSError as error:
        raise RecipeError(f"The recipe {options.recipe} cannot be read: {error.strerror}.") from None
    return Recipe.from_text(text)


def _show(options: argparse.Namespace, answer: Any, text: "Iterator[str] | list[str]") -> None:
    if options.json:
        print(json.dumps(_finite(answer), indent=2))
    else:
        print("\n".join(text))


def _finite(value: Any) -> Any:
    """Write what is no number (a class without samples, a loss that blew up) as null: JSON has no other word."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(path: Path, text: str) -> None:
    from prunekit.store.files import write_aside

    write_aside(path, lambda aside: aside.write_text(text))


def _progress(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done / total:4.0%}  {done}/{total}  {what:<50.50}", end=end, file=sys.stderr, flush=True)


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


def _files(files: "tuple[ExportedFile, ...]") -> tuple[list[dict[str, Any]], list[str]]:
    listed = [{"path": file.path, "bytes": file.bytes, "proof": file.proof.to_json()} for file in files]
    return listed, [f"{file.path}  {file.bytes:,} bytes" for file in files]


def _reading_text(answer: dict[str, Any]) -> str:
    low, high = answer["interval"] or (float("nan"), float("nan"))
    raw = "" if answer["value_raw"] is None else f"; {answer['value_raw']:.2%} before recalibration"
    return (
        f"{answer['metric']} {answer['value']:.2%}  {answer['correct']}/{answer['n']} {answer['split']},"
        f" 95 % interval {low:.2%} to {high:.2%}{raw}"
    )


def _evaluation_text(answer: dict[str, Any]) -> list[str]:
    thop = "not available" if answer["macs_thop"] is None else f"{answer['macs_thop']:,}"
    missing = f" (without {', '.join(answer['macs_thop_missing'])})" if answer["macs_thop_missing"] else ""
    kl = "" if answer["kl"] is None else f"   KL to dense {answer['kl']:.4f}"
    return [
        _reading_text(answer),
        f"loss {answer['loss']:.4f}{kl}",
        f"{answer['params']:,} parameters ({answer['nonzero']:,} not zero), {answer['macs']:,} MACs,"
        f" {answer['flops']:,} FLOPs, MACs (thop) {thop}{missing}",
        f"{answer['bytes']:,} bytes, {answer['bytes_gzip']:,} after gzip",
        *answer["notes"],
    ]


def _plan_text(answer: dict[str, Any]) -> Iterator[str]:
    for candidate in (*answer["candidates"], {**answer["best"], "name": f"best: {answer['best']['name']}"}):
        remark = "; ".join([*candidate["misses"], candidate["note"]]).strip("; ")
        yield (
            f"{candidate['name']:<16} {candidate['metric']} {candidate['value']:.2%}  {candidate['macs']:>12,} MACs"
            f"  {candidate['params']:>10,} parameters ({candidate['nonzero']:,} not zero)  {remark}".rstrip()
        )


def _points_text(points: Sequence[dict[str, Any]]) -> Iterator[str]:
    for name in dict.fromkeys(point["name"] for point in points):
        row = sorted((p["level"], p["reading"]["value"]) for p in points if p["name"] == name)
        yield f"{name:<24} " + "  ".join(f"{level:.0%}→{value:.1%}" for level, value in row)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prunekit", description="The mixing desk for neural-network pruning.")
    commands = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument("--workspace", type=Path, help="folder of the history (default: .prunekit)")
        return command

    def task(command: argparse.ArgumentParser, recipe: bool = False) -> argparse.ArgumentParser:
        command.add_argument("task", help="a bundled task, or the path of a prunekit.toml")
        if recipe:
            command.add_argument("--recipe", type=Path, help="recipe as a JSON file, - for standard input")
        return command

    verb("tasks", _tasks, "List the bundled tasks.")
    task(verb("inspect", _inspect, "Show layers, groups and counts."))
    command = task(verb("evaluate", _evaluate, "Measure the network a recipe asks for."), recipe=True)
    command.add_argument("--split", default="validation", help="validation or test")
    command.add_argument("--limit", type=int, help="measure on the first this many samples")
    command = task(verb("scan", _scan, "Measure how sensitive each group or layer is."))
    command.add_argument("--kind", choices=["channels", "weights"], default="channels")
    command.add_argument("--limit", type=int, default=200, help="samples for each point")
    command.add_argument("--criterion", default="l2", help="what goes first")
    command.add_argument("--out", type=Path, help="write the points as JSON")
    command = task(verb("plan", _plan, "Find the recipe that meets targets with the least damage."))
    command.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="macs, params or bytes that may be left (0.5 is half, 1000000 a count), or points that may be lost"
        " (accuracy=-1); repeat for several",
    )
    command.add_argument("--kind", choices=["channels", "weights"], default="channels")
    command.add_argument("--out", type=Path, help="write the best recipe as JSON")
    command = task(verb("prune", _prune, "Export the smaller network, proven equal."), recipe=True)
    command.add_argument("--out", type=Path, required=True, help="folder to write")
    command = task(verb("recover", _recover, "Fine-tune what a recipe left."), recipe=True)
    command.add_argument("--epochs", type=int, default=2, help="passes over the train samples")
    command.add_argument("--out", type=Path, help="folder to export the recovered network to")
    command = task(verb("latency", _latency, "Time the network a recipe asks for beside the dense one."), recipe=True)
    command.add_argument("--batch", type=int, default=1, help="inputs in one forward pass")
    command.add_argument("--threads", type=int, default=1, help="threads a forward pass may use")
    task(verb("history", _history, "List the runs of a task."))
    command = task(verb("compare", _compare, "Measure two runs again and say how they differ."))
    command.add_argument("a", metavar="run", help="a run's id, or dense for the task's own network")
    command.add_argument("b", metavar="run", help="another one")
    command = verb("verify", _verify, "Prove an export again in a fresh process.")
    command.add_argument("path", type=Path, help="the export's folder, or one of its files")
    command.add_argument("--task", help="the project it was exported from, where it is not a bundled task")
    command = verb("app", _app, "Open the desk in a browser.")
    command.add_argument("task", nargs="?", help="a bundled task, or the path of a prunekit.toml")
    command.add_argument("--port", type=int, help="port to listen on")
    return parser
