"""Fine-tuning: a few epochs of plain training after a cut."""

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain, islice, pairwise
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from prunekit.cut.masks import zero
from prunekit.cut.precision import Precision
from prunekit.errors import TaskError
from prunekit.measure.evaluate import evaluate
from prunekit.objectives import Metric, metric_named
from prunekit.quantize.activations import rounding_in_training
from prunekit.quantize.straight_through import quantised, rounded
from prunekit.records import Epoch, Reading
from prunekit.recover.follow import Reads, distance, heard
from prunekit.recover.layout import memory_layout
from prunekit.recover.recalibrate import statistics_on, with_statistics
from prunekit.recover.schedule import Schedule
from prunekit.tasks.task import Data, Split

EVERY = 10
"""Steps between two loss records."""
INSIDE = 30.0
"""Weight of what layers read beside what the network answers, where the dense network is followed."""

ALONE = "Expected more than 1 value per channel"
"""Part of PyTorch's message where a BatchNorm gets one sample without places."""
SETTLED = 1000
"""Samples of an epoch that the BatchNorm statistics after it are taken from."""


class FineTune(Iterator[Epoch]):
    """Records of a training under way; stop whenever you like.

    Attributes:
        model: the best network so far by validation, beginning with the one given.
    """

    def __init__(self, training: "_Training", state: Mapping[str, Any] | None) -> None:
        self._training, self._schedule = training, training.schedule
        self.model = training.best
        self._random = torch.Generator().manual_seed(self._schedule.seed).get_state()
        if state is not None:
            self._random = state["random"]
            training.restore(state)
        self._records = training.records()

    def __next__(self) -> Epoch:
        """Train until the next record; threads and random generator are as before afterwards."""
        with self._at_work():
            return next(self._records)

    def seconds(self) -> float:
        """Announce how long the whole training will take, by the clock of a few steps and of what ends an epoch.

        These steps are trained, so what trains is another.
        """
        with self._at_work():
            return self._training.seconds()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            torch.set_num_threads(self._schedule.threads)
            torch.set_rng_state(self._random)
            try:
                yield
            finally:
                self._random = torch.get_rng_state()
                torch.set_num_threads(threads)

    def state(self) -> dict[str, Any]:
        """Return everything that going on from here takes: tensors and plain values.

        Right after the last record of an epoch, going on gives the bits that not stopping would.
        """
        return {**self._training.state(), "random": self._random, "schedule": asdict(self._schedule)}


def finetune(
    model: nn.Module,
    data: Data,
    schedule: Schedule | None = None,
    *,
    masks: Mapping[str, Tensor] | None = None,
    precisions: Mapping[str, Precision] | None = None,
    rounding: Sequence[str] = (),
    teacher: nn.Module | None = None,
    reads: Reads | None = None,
    metric: str | Metric = "accuracy",
    recipe: str = "",
    state: Mapping[str, Any] | None = None,
) -> FineTune:
    """Train a copy of a network for a few epochs and keep its best weights.

    Args:
        model: the network; untouched. All of the copy's parameters are trained.
        data: its samples.
        schedule: how long and how fast.
        masks: tensor name → mask of the weights that may move; the others stay zero.
        precisions: weights that are quantised in every forward pass; what is trained stays precise.
        rounding: paths of modules whose inputs are rounded to eight bits in every forward pass.
        teacher: the dense network, where the schedule distils.
        reads: layers whose inputs follow the dense network's too.
        metric: name in ``METRICS``, or the metric; decides what is best, the loss decides ties.
        recipe: digest that the validation readings carry.
        state: what an earlier training of the same network and schedule had reached.

    Returns:
        An iterator of records: the loss every few steps, a validation reading after each epoch.
        Its ``model`` is the best network so far. Between two records, threads and random generator
        are as they were.

    Raises:
        TaskError: the task has no train data.
    """
    if data.train is None:
        raise TaskError("Fine-tuning needs train data, and this task has none; give it a train split.")
    schedule = schedule or Schedule()
    best = copy.deepcopy(model)
    zero(best, masks or {})
    kept = masks or {}, precisions or {}, tuple(rounding)
    training = _Training(best, data, data.train, schedule, *kept, metric_named(metric), recipe)
    if schedule.distil and teacher is not None:
        training.teacher, training.reads = copy.deepcopy(teacher).eval(), reads or {}
    return FineTune(training, state)


@dataclass(slots=True)
class _Training:
    best: nn.Module
    data: Data
    draw: Callable[[int], Split]
    schedule: Schedule
    masks: Mapping[str, Tensor]
    precisions: Mapping[str, Precision]
    rounding: tuple[str, ...]
    metric: Metric
    recipe: str
    teacher: nn.Module | None = None
    reads: Reads = field(default_factory=dict)
    top: tuple[float, float] | None = None
    epoch: int = 0
    student: nn.Module = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    cycle: torch.optim.lr_scheduler.OneCycleLR = field(init=False)
    per_epoch: int = field(init=False)
    batch: int = field(init=False)

    def __post_init__(self) -> None:
        schedule = self.schedule
        assert schedule.lr is not None
        self.student = copy.deepcopy(self.best).requires_grad_(True).train()
        samples = len(self.draw(1))
        self.batch = min(schedule.batch, samples)
        self.per_epoch = samples // self.batch
        self.optimizer = schedule.make_optimizer(self.student)
        steps = schedule.epochs * self.per_epoch
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, schedule.lr, total_steps=steps)

    def records(self) -> Iterator[Epoch]:
        if self.top is None:
            self.top = _rank(self._validate(self.best), self.metric)
        steps = self.schedule.epochs * self.per_epoch
        while self.epoch < self.schedule.epochs:
            losses: list[float] = []
            samples = self.draw(1 + self.epoch)
            for place, (inputs, targets) in enumerate(self._batches(samples), start=1):
                losses.append(self._step(inputs, targets))
                step = self.epoch * self.per_epoch + place
                if place < self.per_epoch and len(losses) == EVERY:
                    yield Epoch(step, steps, step / self.per_epoch, sum(losses) / len(losses))
                    losses.clear()
            self.epoch += 1
            settled = self._settled(samples)
            reading = self._validate(settled)
            if (rank := _rank(reading, self.metric)) > self.top:
                self.top = rank
                self.best.load_state_dict(settled.state_dict())
            yield Epoch(step, steps, float(self.epoch), sum(losses) / len(losses), reading)

    def seconds(self) -> float:
        epochs, began = self.schedule.epochs, time.perf_counter()
        samples = self.draw(1)
        drawn = time.perf_counter()
        ends = [drawn]
        for inputs, targets in islice(chain.from_iterable(self._batches(samples) for _ in range(epochs)), EVERY):
            self._step(inputs, targets)
            ends.append(time.perf_counter())
        settled = self._settled(samples)
        after = time.perf_counter()
        self._validate(settled)
        validating = time.perf_counter() - after
        step = median(end - begin for begin, end in pairwise(ends))  # the first ones take longer
        epoch = drawn - began + self.per_epoch * step + after - ends[-1]
        return epochs * epoch + (epochs + 2) * validating  # once before and once after

    def state(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "top": self.top,
            "best": self.best.state_dict(),
            "student": self.student.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "cycle": self.cycle.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.epoch, self.top = state["epoch"], tuple(state["top"])
        for name in ("best", "student", "optimizer", "cycle"):
            getattr(self, name).load_state_dict(state[name])

    def _settled(self, samples: Split) -> nn.Module:
        """Copy the student with BatchNorm statistics of many samples; its own are those of the last few batches."""
        few = quantised(self.student, self.precisions, self.rounding, samples)
        return with_statistics(self.student, statistics_on(few, samples, SETTLED))

    def _batches(self, samples: Split) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.Generator().manual_seed(self.schedule.seed + 1000 * self.epoch)
        rows, layout = torch.randperm(len(samples), generator=order), memory_layout(self.student, samples)
        for place in range(self.per_epoch):
            chosen = rows[place * self.batch : (place + 1) * self.batch]
            inputs = samples.inputs[chosen]
            yield inputs.to(memory_format=layout) if inputs.ndim == 4 else inputs, samples.targets[chosen]

    def _step(self, inputs: Tensor, targets: Tensor) -> float:
        with rounding_in_training(self.student, self.rounding), heard(self.student, self.reads) as own:
            answers = self._answers(inputs)
        loss = F.cross_entropy(answers, targets)
        if self.teacher is not None:
            with torch.no_grad(), heard(self.teacher, self.reads) as dense:
                taught = self.teacher(inputs)
            away = _divergence(answers, taught, self.schedule.temperature) + INSIDE * distance(own, dense, self.reads)
            loss = (1 - self.schedule.distil) * loss + self.schedule.distil * away
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        self.cycle.step()
        zero(self.student, self.masks)
        return loss.item()

    def _answers(self, inputs: Tensor) -> Tensor:
        try:
            answers: Tensor = functional_call(self.student, rounded(self.student, self.precisions), (inputs,))
        except ValueError as error:
            if ALONE not in str(error):
                raise
            raise TaskError(
                "BatchNorm takes the variance of a batch, and one sample has none; take 2 or more."
            ) from error
        return answers

    def _validate(self, model: nn.Module) -> Reading:
        if self.precisions:
            model = quantised(model, self.precisions, self.rounding, self.draw(0))
        *_, reading = evaluate(model, self.data.validation, self.metric, recipe=self.recipe)
        return reading


def _divergence(answers: Tensor, reference: Tensor, temperature: float) -> Tensor:
    """Compute the divergence of softened answers ``(batch, classes, *places)``, in the scale of their cross-entropy."""
    soft, soft_reference = ((each / temperature).log_softmax(1) for each in (answers, reference))
    return temperature**2 * F.kl_div(soft, soft_reference, log_target=True, reduction="none").sum(1).mean()


def _rank(reading: Reading, metric: Metric) -> tuple[float, float]:
    """Order readings: the better metric first, then the lower loss; a loss that is no number is the worst."""
    sign = 1.0 if metric.higher_is_better else -1.0
    return sign * reading.value, -math.inf if math.isnan(reading.loss) else -reading.loss
