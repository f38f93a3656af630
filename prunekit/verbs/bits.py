"""The scan of bits, and mixed precision to a byte budget by it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from prunekit.cut.precision import cost_of
from prunekit.quantize.preset import inner_layers, some_inner_layers
from prunekit.recipe import BITS, Recipe
from prunekit.records import Candidate, Kind, Mode, Point
from prunekit.search.mixed import mixed
from prunekit.search.targets import read_targets
from prunekit.store import ScanKey
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.counting import cost
from prunekit.verbs.pins import held
from prunekit.verbs.reading import evaluate, evaluate_steps

CODE = "1"
"""Raised when the measuring code changes what a reading says."""


def scan_bits(
    opened: Opened,
    recipe: Recipe | None = None,
    levels: Sequence[int] = BITS,
    ends: bool = False,
    pinned: Collection[str] = (),
) -> Iterator[Point]:
    """Quantise each layer of a recipe's network alone, at each number of bits, and measure it on all samples.

    Args:
        opened: the task.
        recipe: the network; its own bits are set aside.
        levels: numbers of bits to try.
        ends: whether the first and the last layer are tried too.
        pinned: layers that are passed over.

    Yields:
        A point for each cell, known ones at once, others once they are stored.

    Raises:
        RecipeError: the recipe does not fit the task, or there is no layer to try.
    """
    subject = resolve(opened, replace(recipe or Recipe(), bits={}))
    base, structure = subject.recipe, subject.structure
    stay = held(opened, base, Mode.WEIGHTS, pinned)
    tried = [layer.name for layer in structure.layers] if ends else some_inner_layers(structure)
    layers = [layer for layer in tried if layer not in stay]
    key = ScanKey(opened.digest, opened.data_digest, base.digest, Kind.BITS, None, CODE, None)
    known = {(point.name, point.level): point for point in opened.workspace.points(key)}
    for bits in levels:
        for layer in layers:
            point = known.get((layer, float(bits)))
            if point is None:
                point = _measured(opened, replace(base, bits={layer: bits}), layer, bits)
                opened.workspace.add_point(key, point)
            yield point


def scan_bits_size(opened: Opened, recipe: Recipe | None = None, pinned: Collection[str] = ()) -> int:
    """Return how many points ``scan_bits`` yields with all levels and without the first and the last layer.

    Args:
        opened: the task.
        recipe: the network.
        pinned: layers that are passed over.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    subject = resolve(opened, recipe or Recipe())
    stay = held(opened, subject.recipe, Mode.WEIGHTS, pinned)
    return len(BITS) * sum(layer not in stay for layer in inner_layers(subject.structure))


def _measured(opened: Opened, recipe: Recipe, layer: str, bits: int) -> Point:
    whole = len(opened.task.data.validation)
    for evaluation in evaluate_steps(opened, recipe):
        if evaluation is not None and evaluation.reading.n >= whole:  # what comes later is sizes
            return Point(Kind.BITS, layer, float(bits), evaluation.reading)
    raise AssertionError("the last evaluation is of all samples")


def plan_bits(
    opened: Opened,
    target: float,
    recipe: Recipe | None = None,
    ends: bool = False,
    pinned: Collection[str] = (),
) -> Iterator[Point | Candidate]:
    """Find the bits of each layer that meet a byte budget with the least harm.

    Args:
        opened: the task.
        target: bytes that may be left: a fraction of the dense network's up to 1, or a count above.
        recipe: the cut network to quantise; its own bits are set aside, but those of pinned layers.
        ends: whether the first and the last layer may be quantised too.
        pinned: layers that keep the bits ``recipe`` has for them, and without any stay as they were trained.

    Yields:
        The scan's points, then candidates that were evaluated: the same bits for all layers, the most that fit, and
        the mixed plan; last the better of them again.

    Raises:
        RecipeError: a target that cannot be met, or a recipe that does not fit the task.
    """
    whole = resolve(opened, recipe or Recipe()).recipe
    stay = held(opened, whole, Mode.WEIGHTS, pinned)
    fixed = {layer: bits for layer, bits in whole.bits.items() if layer in stay}
    base = replace(whole, bits={})
    limit = read_targets({"bytes": target}, opened.structure.cost({}), Mode.CHANNELS).limits["bytes"]
    subject = resolve(opened, base)
    kept = subject.counts

    def size(bits: Mapping[str, int]) -> int:
        return cost_of(subject.structure, replace(subject.remaining, bits={**bits, **fixed}), kept).bytes

    *_, cut = evaluate(opened, base)  # what the cut did already is no layer's harm
    curves: dict[str, dict[int, float]] = {}
    for point in scan_bits(opened, base, ends=ends, pinned=pinned):
        yield point
        curves.setdefault(point.name, {})[int(point.level)] = (point.reading.kl or 0.0) - (cut.reading.kl or 0.0)
    plans = {"mixed": mixed(curves, size, limit)}
    for bits in sorted(BITS, reverse=True):
        if size(dict.fromkeys(curves, bits)) <= limit:
            plans = {f"{bits} bits": dict.fromkeys(curves, bits), **plans}
            break
    candidates = [_candidate(opened, replace(base, bits={**plan, **fixed}), name) for name, plan in plans.items()]
    yield from candidates
    sign = 1.0 if opened.metric.higher_is_better else -1.0
    yield max(candidates, key=lambda candidate: (sign * candidate.reading.value, -candidate.reading.loss))


def _candidate(opened: Opened, recipe: Recipe, name: str) -> Candidate:
    *_, evaluation = evaluate(opened, recipe)
    return Candidate(name, recipe, cost(opened, recipe), evaluation.nonzero or 0, evaluation.reading)
