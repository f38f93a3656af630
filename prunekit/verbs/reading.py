"""How well the network of a recipe does."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from prunekit.errors import RecipeError, close_matches
from prunekit.measure import evaluate as measuring
from prunekit.measure.sizes import gzip_bytes, nonzero, stored
from prunekit.measure.thop_count import thop_macs
from prunekit.program.outputs import Outputs
from prunekit.quantize.packing import pack_state
from prunekit.recipe import Recipe
from prunekit.records import Evaluation, Exactness, Reading
from prunekit.subject.exactness import exactness, unproven
from prunekit.subject.live import Way, way_of
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, dense_outputs, resolve
from prunekit.tasks.task import Split

SPLITS = ("validation", "test")
NOT_YET = "The cut is not yet proven to be exact."


def evaluate(
    opened: Opened, recipe: Recipe, split: str = "validation", limit: int | None = None, quick: bool = True
) -> Iterator[Evaluation]:
    """Measure the network a recipe asks for.

    Args:
        opened: the task.
        recipe: the question.
        split: ``validation`` or ``test``.
        limit: measure on the first this many samples, all for ``None``.
        quick: use the fast way of ``subject.live`` where it was compared and agrees, else the network's own forward
            pass, which ``False`` always uses.

    Yields:
        Evaluations on growing numbers of samples; the last is exact, and has the value before
        recalibration, thop's count and the compressed size beside it.

    Raises:
        RecipeError: the recipe does not fit the task, or there is no such split.
    """
    steps = evaluate_steps(opened, recipe, split, limit, quick)
    return (evaluation for evaluation in steps if evaluation is not None)


def evaluate_steps(
    opened: Opened, recipe: Recipe, split: str = "validation", limit: int | None = None, quick: bool = True
) -> Iterator[Evaluation | None]:
    """Measure in short steps, between which it can stop or give way.

    Args:
        opened: as all that follow, see ``evaluate``.
        recipe: the question.
        split: ``validation`` or ``test``.
        limit: measure on the first this many samples.
        quick: use the fast way where it agrees with the network's own forward pass.

    Yields:
        Evaluations as ``evaluate`` does, and ``None`` after each stretch of work that ends without one.
    """
    if split not in SPLITS:
        raise RecipeError(f"There is no split {split!r}; {close_matches(split, SPLITS)}")
    if getattr(opened.task.data, split) is None:
        raise RecipeError(f"The task {opened.task.name!r} has no {split} split to measure on.")
    samples = getattr(opened.task.data, split).head(limit)
    return _steps(resolve(opened, recipe), split, samples, quick)


def _steps(subject: Subject, split: str, samples: Split, quick: bool) -> Iterator[Evaluation | None]:
    opened, metric = subject.whole, subject.whole.metric
    dense = dense_outputs(opened, split)
    is_quick = quick and metric.whole is None and not subject.is_own
    way = way_of(subject.opened) if is_quick else Way(None)
    if subject.is_own:
        outputs, raw = dense, None
    elif way.live is None or subject.rounds_inputs:
        network = subject.network
        outputs = Outputs(network.pruned.model, samples)
        raw = None if network.raw is None else Outputs(network.raw, samples)
    else:
        outputs, raw = yield from _quick(subject, split, samples, way)
    evaluation: Evaluation | None = None
    proof: Exactness | None = None
    is_proven = not subject.state.kept
    for reading in measuring.evaluate_steps(
        outputs,
        samples,
        metric,
        name=split,
        recipe=subject.recipe.digest,
        dense_logits=dense,
        recalibrated=subject.recalibrates,
        network=None if metric.whole is None else subject.pruned.model,
    ):
        # Nobody waits for the proof to see a first reading, and none is exact without it.
        if not is_proven and (evaluation is not None or (reading is not None and reading.n == len(samples))):
            proof, is_proven = exactness(subject), True
            yield None
        if reading is None:
            yield None
            continue
        doubt = unproven(subject) if is_proven else NOT_YET
        notes = (*_notes(subject, way), *filter(None, [doubt]))
        evaluation = Evaluation(reading, subject.state.cost, notes=notes, exactness=proof)
        yield evaluation
    assert evaluation is not None, "the last step is a reading"
    if raw is not None:
        before = yield from _before_calibration(subject, split, samples, raw)
        evaluation = replace(evaluation, reading=replace(evaluation.reading, value_raw=before.value))
        yield None
    yield from _sizes(subject, evaluation)


def _quick(
    subject: Subject, split: str, samples: Split, way: Way
) -> Generator[None, None, tuple[Outputs, Outputs | None]]:
    """Return the outputs of the cut network, and those before calibration, without making the network."""
    assert way.live is not None
    tensors = subject.state.tensors
    if not subject.recalibrates:
        return subject.quick_outputs(split, samples, tensors), None
    statistics = yield from way.live.statistics(tensors, subject.state.kept)
    return (
        subject.quick_outputs(split, samples, {**tensors, **statistics}),
        subject.quick_outputs(split, samples, tensors),
    )


def _before_calibration(subject: Subject, split: str, samples: Split, raw: Outputs) -> Generator[None, None, Reading]:
    yield from raw.compute(len(samples))
    metric = subject.whole.metric
    network = None if metric.whole is None else subject.network.raw
    *_, before = measuring.evaluate(raw, samples, metric, name=split, network=network)
    return before


def _sizes(subject: Subject, evaluation: Evaluation) -> Iterator[Evaluation | None]:
    """Add the sizes last, since they need the network as a module, which the reading itself may do without."""
    pruned = subject.pruned
    yield None
    macs, missing = thop_macs(pruned.model, subject.whole.task.example)
    yield None
    yield replace(
        evaluation,
        macs_thop=macs,
        macs_thop_missing=missing,
        bytes_gzip=gzip_bytes(pack_state(stored(pruned.model), pruned.precisions)),
        nonzero=nonzero(pruned.model),
    )


def _notes(subject: Subject, way: Way) -> tuple[str, ...]:
    notes, recipe = subject.state.notes, subject.recipe
    if way.reason:
        notes = (*notes, f"Measured slowly, by the network's own forward pass: {way.reason}.")
    if recipe.is_dense or not subject.whole.structure.norms:
        return notes
    if subject.whole.train_split is None:
        return (
            *notes,
            "BatchNorm statistics are the dense network's; recalibration needs train data, and there are none.",
        )
    if recipe.recalibrate:
        return notes
    return (*notes, "BatchNorm statistics are the dense network's; recalibrate to see what the cut itself costs.")
