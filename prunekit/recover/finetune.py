"""Fine-tuning: a few epochs of plain training after a cut."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.errors import TaskError
from prunekit.measure.evaluate import evaluate
from prunekit.measure.masks import zero
from prunekit.measure.metrics import metric_named
from prunekit.records import Epoch, Reading
from prunekit.tasks.task import Data, Split

EVERY = 10
"""Steps between two loss records."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to fine-tune: AdamW under one cycle of the learning rate.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, arXiv 1711.05101;
    Smith and Topin, Super-Convergence, 2018, arXiv 1708.07120.

    Attributes:
        epochs: passes over the train samples.
        lr: highest learning rate.
        batch: samples in one step.
        seed: of the sample order and of dropout.
        threads: torch threads; results are bit-identical for the same number only.
    """

    epochs: int = 2
    lr: float = 2e-3
    batch: int = 64
    seed: int = 0
    threads: int = 1


class FineTune(Iterator[Epoch]):
    """Records of a training under way; stop whenever you like.

    Attributes:
        model: the best network so far by validation, beginning with the one given.
    """

    def __init__(self, model: nn.Module, records: Iterator[Epoch], schedule: Schedule) -> None:
        self.model = model
        self._records = records
        self._threads = schedule.threads
        self._random = torch.Generator().manual_seed(schedule.seed).get_state()

    def __next__(self) -> Epoch:
        """Train until the next record; threads and random generator are as before afterwards."""
        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            torch.set_num_threads(self._threads)
            torch.set_rng_state(self._random)
            try:
                return next(self._records)
            finally:
                self._random = torch.get_rng_state()
                torch.set_num_threads(threads)


def finetune(
    model: nn.Module,
    data: Data,
    schedule: Schedule | None = None,
    *,
    masks: Mapping[str, Tensor] | None = None,
    metric: str = "accuracy",
    recipe: str = "",
) -> FineTune:
    """Train a copy of a network for a few epochs and keep its best weights.

    Args:
        model: the network; untouched. All of the copy's parameters are trained.
        data: its samples.
        schedule: how long and how fast.
        masks: tensor name → mask of the weights that may move; the others stay zero.
        metric: name in ``METRICS``; decides what is best, the loss decides ties.
        recipe: digest that the validation readings carry.

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
    return FineTune(best, _train(best, data, data.train, schedule, masks or {}, metric, recipe), schedule)


def _train(
    best: nn.Module,
    data: Data,
    draw: Callable[[int], Split],
    schedule: Schedule,
    masks: Mapping[str, Tensor],
    metric: str,
    recipe: str,
) -> Iterator[Epoch]:
    student = copy.deepcopy(best).requires_grad_(True).train()
    batch = min(schedule.batch, len(draw(1)))
    per_epoch = len(draw(1)) // batch
    steps = schedule.epochs * per_epoch
    layout = memory_layout(student)
    optimizer = torch.optim.AdamW(student.parameters(), schedule.lr)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.lr, total_steps=steps)
    order = torch.Generator().manual_seed(schedule.seed)
    top = _rank(_validate(best, data, metric, recipe))
    losses: list[float] = []
    for step in range(steps):
        place = step % per_epoch
        if place == 0:
            samples = draw(1 + step // per_epoch)
            rows = torch.randperm(len(samples), generator=order)
        chosen = rows[place * batch : (place + 1) * batch]
        inputs = samples.inputs[chosen]
        inputs = inputs.to(memory_format=layout) if inputs.ndim == 4 else inputs
        losses.append(_step(student, inputs, samples.targets[chosen], optimizer))
        cycle.step()
        zero(student, masks)
        reading = None
        if place == per_epoch - 1:
            reading = _validate(student, data, metric, recipe)
            if _rank(reading) > top:
                top = _rank(reading)
                best.load_state_dict(student.state_dict())
        if reading is not None or len(losses) == EVERY:
            yield Epoch(step + 1, steps, (step + 1) / per_epoch, sum(losses) / len(losses), reading)
            losses.clear()


def _step(student: nn.Module, inputs: Tensor, targets: Tensor, optimizer: torch.optim.Optimizer) -> float:
    loss = F.cross_entropy(student(inputs), targets)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def memory_layout(model: nn.Module) -> torch.memory_format:
    """Return the memory format to train a network in: channels last is a fifth to a half faster where it is sound.

    In torch 2.13 the backward pass of a strided 1×1 convolution in that format writes beyond its memory on the CPU
    for some channel counts, such as 6 to 12, and the process dies sooner or later.
    """
    strided = any(
        isinstance(module, nn.Conv2d) and max(module.stride) > 1 and max(module.kernel_size) == 1
        for module in model.modules()
    )
    return torch.contiguous_format if strided else torch.channels_last


def _validate(model: nn.Module, data: Data, metric: str, recipe: str) -> Reading:
    *_, reading = evaluate(model, data.validation, metric, recipe=recipe)
    return reading


def _rank(reading: Reading) -> tuple[float, float]:
    """Order readings: the better metric first, then the lower loss."""
    sign = 1.0 if metric_named(reading.metric).higher_is_better else -1.0
    return sign * reading.value, -reading.loss
