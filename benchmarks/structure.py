"""The analysis beside torch-pruning's, on every network of the battery, by turns in one run.

For both: how many networks are cut exactly, silently wrong, not at all or not without an error, and the CPU time of
the analysis. PruneKit's cuts are proven against the exact reference, torch-pruning's against the dense network that
does not read what was cut (see ``tests/graph/peer.py``). Then networks of the structure and size of published ones:
the first recording, the analysis (goal 5 s), what share of the parameters can be cut, and whether all groups together
are exact with one unit less, half and one unit left. Then a network of ResNet-50's size with random weights: analysis
(goal 0.5 s without the recording), weight distributions, one probe of a group, export.
"""

import argparse
import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch.utils._pytree import tree_map

import tests.graph.test_battery  # noqa: F401 - its imports enter the networks
from prunekit.export.formats.pt2 import write_pt2
from prunekit.graph import shrink, structure_of, trace
from prunekit.graph.analyze import analysis_of, analyze
from prunekit.graph.proof import Comparison, comparison, prove
from prunekit.graph.propagate import propagate
from prunekit.graph.reach import CUT, reach
from prunekit.look.distributions import histograms
from prunekit.recipe import kept_units
from tests.golden_nets import resnet50
from tests.graph.battery.case import CASES, Case
from tests.graph.peer import cut_by_peer, outputs_of
from tests.published import NETWORKS

GOAL = 0.5
LARGE_GOAL = 5
VERDICTS = ("exact", "silently wrong", "crashed", "nothing found")
FEW = 12
PEER_GROUPS = 3
"""Groups of a large network that torch-pruning is asked to cut: one takes it seconds."""
SIZES: dict[str, Callable[[int], range]] = {
    "one less": lambda units: range(1, units),
    "half": lambda units: range(0, units, 2),
    "one left": lambda units: range(1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help=f"every seventh network, {FEW} in all, and no export")
    options = parser.parse_args()

    torch.set_num_threads(1)
    cases = list(CASES.values())[::7][:FEW] if options.quick else list(CASES.values())
    rows = [compare(case) for case in cases]
    ours, theirs = (Counter(row[side]["verdict"] for row in rows) for side in ("prunekit", "torch_pruning"))
    result = {
        "networks": rows,
        "prunekit": {**ours, "groups": sum(row["prunekit"]["groups"] for row in rows)},
        "torch_pruning": {**theirs, "groups": sum(row["torch_pruning"]["groups"] for row in rows)},
        "seconds": {
            side: round(statistics.median(row[side]["seconds"] for row in rows), 4)
            for side in ("prunekit", "torch_pruning")
        },
        "versions": {name: version(name) for name in ("torch", "torch-pruning")},
        "published": [published(case) for case in list(NETWORKS.values())[: 1 if options.quick else None]],
        "resnet50": large(export=not options.quick),
    }
    print(json.dumps({"structure": result}) if options.json else text(result))


def compare(case: Case) -> dict[str, Any]:
    """Cut one network by both."""
    begun = process_time()
    structure = structure_of(case.model(), case.inputs())
    seconds = process_time() - begun
    proofs = list(prove(case.model(), case.inputs()))
    cut = [proof for proof in proofs if proof.error is not None]
    wrong = [proof.group for proof in cut if not proof.exact]
    found = cut_by_peer(case, outputs_of(structure.groups))
    return {
        "name": case.name,
        "prunekit": {
            "verdict": "silently wrong" if wrong else "exact" if cut else "nothing found",
            "groups": len(cut) - len(wrong),
            "protected": len(proofs) - len(cut),
            "seconds": seconds,
        },
        "torch_pruning": {
            "verdict": found.verdict,
            "groups": len(found.exact),
            "error": found.failed,
            "seconds": found.seconds,
        },
    }


def published(case: Case) -> dict[str, Any]:
    """Analyse a network of the structure and size of a published one, and cut it by both."""
    model, example = case.model().float(), tree_map(lambda tensor: tensor.float(), case.inputs(2))
    begun = process_time()
    traced = trace(model, example)
    recorded = process_time()
    structure, _ = analysis_of(model, traced, example)
    analysed = process_time()
    compared = comparison(model, structure, example)
    outcomes = Counter(verdict(compared, stays) for stays in SIZES.values())
    shares = reach(structure)
    peer = cut_by_peer(case, outputs_of(structure.groups), PEER_GROUPS)
    return {
        "name": case.name,
        "operations": sum(node.op == "call_function" for node in traced.graph.nodes),
        "seconds": {"recording": recorded - begun, "analysis": analysed - recorded},
        "groups": {
            "by the class": sum(not group.graph_only for group in structure.prunable),
            "by the graph": sum(bool(group.graph_only) for group in structure.prunable),
            "protected": len(structure.groups) - len(structure.prunable),
        },
        "reach": {reason: count / sum(shares.values()) for reason, count in shares.items()},
        **{outcome: outcomes[outcome] for outcome in ("exact", "silently wrong", "stopped")},
        "torch_pruning": {
            "verdict": peer.verdict,
            "groups": peer.groups,
            "error": peer.failed,
            "seconds": peer.seconds,
        },
    }


def verdict(compared: Comparison, stays: Callable[[int], range]) -> str:
    """Cut all groups together and compare with the reference."""
    try:
        error = compared.error({group.name: stays(group.units) for group in compared.structure.prunable})
    except Exception:
        return "stopped"
    return "exact" if error <= compared.bound else "silently wrong"


def large(export: bool) -> dict[str, Any]:
    """Time what a person waits for on a network of ResNet-50's size."""
    model, example = resnet50().eval(), torch.randn(2, 3, 224, 224)
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = process_time()
        answer = work()
        seconds[name] = round(process_time() - begun, 3)
        return answer

    with torch.no_grad():
        traced = timed("recording", lambda: trace(model, example))
        analysed = timed("analysis", lambda: analyze(traced, *propagate(traced)))
        structure = timed("recording, analysis and check", lambda: structure_of(model, example))
        timed("distributions", lambda: histograms(model, structure))
        kept = {structure.prunable[0].name: range(kept_units(structure.prunable[0].units, 0.5))}
        timed("one probe, two images", lambda: shrink(model, structure, kept)(example))
        if export:
            every = {group.name: range(kept_units(group.units, 0.5)) for group in structure.prunable}
            small = shrink(model, structure, every)
            with tempfile.TemporaryDirectory() as folder:
                timed("export as .pt2", lambda: write_pt2(small, example, Path(folder) / "small.pt2"))
    return {"seconds": seconds, "goal": GOAL, "groups": len(analysed.prunable)}


def text(result: dict[str, Any]) -> str:
    """Write the result as a table."""
    peer = f"torch-pruning {result['versions']['torch-pruning']}"
    lines = [f"{str(len(result['networks'])) + ' networks':<20} PruneKit   {peer}"]
    for what in (*VERDICTS, "groups"):
        ours, theirs = (result[side].get(what, 0) for side in ("prunekit", "torch_pruning"))
        label = "exact groups" if what == "groups" else what
        lines.append(f"{label:<20} {ours:>8} {theirs:>10}")
    ours, theirs = (1000 * result["seconds"][side] for side in ("prunekit", "torch_pruning"))
    lines.append(f"{'analysis, median':<20} {ours:>8.0f} {theirs:>10.0f}   ms of CPU time")
    for row in result["networks"]:
        if row["torch_pruning"]["verdict"] != "exact" or row["prunekit"]["verdict"] != "exact":
            error = f" ({row['torch_pruning']['error']})" if row["torch_pruning"]["error"] else ""
            lines.append(f"  {row['name']}: {row['prunekit']['verdict']}; {row['torch_pruning']['verdict']}{error}")
    lines.append(
        f"\n{'structure and size of':<12}  recording  analysis (goal {LARGE_GOAL} s)  groups by class, graph, none  "
        f"reach  silently wrong  stopped   {peer}, {PEER_GROUPS} groups"
    )
    lines += map(published_text, result["published"])
    large = result["resnet50"]
    times = ", ".join(f"{name} {value:.2f} s" for name, value in large["seconds"].items())
    lines.append(
        f"ResNet-50, random weights, {large['groups']} groups, CPU time: {times} (goal for the analysis {GOAL} s)"
    )
    return "\n".join(lines)


def published_text(row: dict[str, Any]) -> str:
    seconds, groups, theirs = row["seconds"], row["groups"], row["torch_pruning"]
    error = f" ({theirs['error']})" if theirs["error"] else f", analysis {theirs['seconds']:.1f} s"
    return (
        f"{row['name']:<21} {seconds['recording']:>9.2f} s {seconds['analysis']:>17.2f} s "
        f"{groups['by the class']:>18} {groups['by the graph']:>4} {groups['protected']:>4}  {row['reach'][CUT]:>7.2%} "
        f"{row['silently wrong']:>15} {row['stopped']:>8}   {theirs['verdict']}{error}"
    )


if __name__ == "__main__":
    main()
