"""The verbs: everything a person can do with a task, called alike by the command line and the screen.

Long work is a generator of records; what it yields is already stored.
"""

from collections.abc import Iterable
from typing import TypeVar

from prunekit.subject.live import warm_up
from prunekit.subject.opening import Opened, open_task
from prunekit.tasks.zoo import task_names
from prunekit.verbs.adopting import adopt, masks
from prunekit.verbs.bits import plan_bits, scan_bits, scan_bits_size
from prunekit.verbs.comparing import compare, thumbnails
from prunekit.verbs.counting import available_units, check, cost, layer_costs, weights_left
from prunekit.verbs.exporting import check_folder, export, verify
from prunekit.verbs.history import commit, history, history_tree, recipe_of, thinned
from prunekit.verbs.inspecting import inspect, prove
from prunekit.verbs.leaving import leaving
from prunekit.verbs.looking import activations, histograms, kernel_layers, kernels, layer_weights
from prunekit.verbs.outlining import outline
from prunekit.verbs.planning import draft, plan, plan_steps
from prunekit.verbs.presets import preset
from prunekit.verbs.reading import evaluate, evaluate_steps
from prunekit.verbs.reconstructing import reconstruct, repair
from prunekit.verbs.recovering import recover
from prunekit.verbs.removing import find_removals, known_removals, scan_blocks
from prunekit.verbs.rounds import earlier_epochs, recover_in_rounds, recovery_seconds
from prunekit.verbs.scanned import WITHIN, is_picture, known_points, stored_points
from prunekit.verbs.scanning import picture_steps, scan, scan_size, scan_steps, scanned_metric
from prunekit.verbs.scoring import agreement, unit_scores
from prunekit.verbs.timing import latency
from prunekit.verbs.unfinished import forget, unfinished

T = TypeVar("T")


def last(records: Iterable[T]) -> T:
    """Run long work to its end and return the final record."""
    *_, final = records
    return final


__all__ = [
    "WITHIN",
    "Opened",
    "activations",
    "adopt",
    "agreement",
    "available_units",
    "check",
    "check_folder",
    "commit",
    "compare",
    "cost",
    "draft",
    "earlier_epochs",
    "evaluate",
    "evaluate_steps",
    "export",
    "find_removals",
    "forget",
    "histograms",
    "history",
    "history_tree",
    "inspect",
    "is_picture",
    "kernel_layers",
    "kernels",
    "known_points",
    "known_removals",
    "last",
    "latency",
    "layer_costs",
    "layer_weights",
    "leaving",
    "masks",
    "open_task",
    "outline",
    "picture_steps",
    "plan",
    "plan_bits",
    "plan_steps",
    "preset",
    "prove",
    "recipe_of",
    "reconstruct",
    "recover",
    "recover_in_rounds",
    "recovery_seconds",
    "repair",
    "scan",
    "scan_bits",
    "scan_bits_size",
    "scan_blocks",
    "scan_size",
    "scan_steps",
    "scanned_metric",
    "stored_points",
    "task_names",
    "thinned",
    "thumbnails",
    "unfinished",
    "unit_scores",
    "verify",
    "warm_up",
    "weights_left",
]
