"""The desk: every verb as a method that returns its result."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from prunekit import records, verbs
from prunekit.errors import RecipeError
from prunekit.face import planning
from prunekit.face.asking import Asked, recipe_of, run_id
from prunekit.face.origin import Origin
from prunekit.face.run import Pruned, Run
from prunekit.face.show import overview
from prunekit.face.work import call, long, short
from prunekit.recipe import Recipe
from prunekit.records import (
    Comparison,
    Epoch,
    Evaluation,
    ExportedFile,
    Latency,
    Point,
    Proof,
    Reading,
    Removal,
    Verdict,
    html_table,
)
from prunekit.recover.schedule import Schedule
from prunekit.subject.opening import Opened
from prunekit.tasks.checkpoint import Source
from prunekit.verbs.recovering import schedule_for

if TYPE_CHECKING:
    from prunekit.ui.serve import Serving


class Desk:
    """A network with its samples, opened.

    Every method computes at once, on the one compute thread of this process, and returns its result; long ones show a
    bar in a terminal or notebook unless told not to, and stop at Ctrl+C with what they stored by then. Where a recipe
    is asked for, its JSON values do as well, or a ``Pruned`` or ``Run``; ``None`` is the dense network.

    Attributes:
        opened: what the generators of ``prunekit.verbs`` take.
        origin: where the person's own network is; ``None`` where it was opened by name.
    """

    def __init__(self, opened: Opened, origin: Origin | None = None) -> None:
        self.opened = opened
        self.origin = origin

    def inspect(self) -> dict[str, Any]:
        """Return the dense network's layers, groups, blocks and counts as plain values."""
        return call(partial(verbs.inspect, self.opened))

    def check(self, seed: int = 0, *, progress: bool = True) -> tuple[Proof, ...]:
        """Cut random units of each group and compare with the dense network that does not read them.

        Args:
            seed: which units.
            progress: show a bar.
        """
        groups = len(self.opened.structure.groups)
        steps = partial(verbs.prove, self.opened, seed)
        return long("check", steps, lambda done, _: done / groups, progress=progress)

    def scan(
        self,
        kind: str = "channels",
        *,
        criterion: str | None = None,
        levels: Sequence[float] | None = None,
        half_width: float | None = None,
        workers: int | None = None,
        recipe: Asked = None,
        progress: bool = True,
    ) -> tuple[Point | Removal, ...]:
        """Cut each part alone and measure what is left; what is stored already is not measured again.

        Args:
            kind: what is cut: ``channels``, ``weights``, ``blocks`` or ``bits``.
            criterion: what goes first, of channels and weights; ``l2`` for ``None``.
            levels: sparsities (fractions 0–1) to try, or numbers of bits.
            half_width: of channels and weights: how wide half of a 95 % interval may be, a fraction of the metric;
                ``None`` measures every point on all the samples that a scan looks at.
            workers: of channels and weights: processes that measure; ``None`` one for each core where it pays.
            recipe: of bits: the network whose layers are quantised.
            progress: show a bar.

        Returns:
            A point for each part and level; of blocks a removal for each.

        Raises:
            RecipeError: an unknown kind, level or criterion, or an argument that this kind has no use for.
        """
        told = {"criterion": criterion, "levels": levels, "half_width": half_width, "workers": workers}
        quantised = None if recipe is None else recipe_of(recipe)
        return planning.scan(self.opened, kind, {**told, "recipe": quantised}, progress)

    def plan(
        self,
        targets: Mapping[str, float] | None = None,
        *,
        kind: str = "channels",
        base: Asked = None,
        pinned: Collection[str] = (),
        worth: float | None = None,
        progress: bool = True,
        **more: float,
    ) -> Recipe:
        """Find the recipe that meets targets with the least damage; it was selected on the validation split.

        Args:
            targets: ``macs``, ``params`` or ``bytes`` → what may be left, a fraction up to 1 or a count above; the
                metric → the points that may be lost, negative. As keywords too: ``plan(macs=0.5, accuracy=-1)``.
            kind: what it takes away: ``channels``, ``weights`` or ``bits``.
            base: the recipe to start from.
            pinned: groups or layers that stay as ``base`` has them.
            worth: of channels and weights: what could save less than this fraction of every target stays whole; a
                hundredth for ``None``.
            progress: show a bar.
            **more: further targets.

        Raises:
            RecipeError: a target that nobody knows, or that no candidate meets.
        """
        if twice := sorted({*(targets or {})} & {*more}):
            raise RecipeError(f"The target {twice[0]!r} is given twice; give it once.")
        return planning.plan(self.opened, {**(targets or {}), **more}, kind, recipe_of(base), pinned, worth, progress)

    def evaluate(
        self, recipe: Asked = None, split: str = "validation", limit: int | None = None, *, progress: bool = True
    ) -> Evaluation:
        """Measure the network a recipe asks for.

        Args:
            recipe: the question.
            split: ``validation`` or ``test``.
            limit: measure on the first so many samples only.
            progress: show a bar.

        Raises:
            RecipeError: the recipe does not fit, or there is no such split.
        """
        steps = partial(verbs.evaluate_steps, self.opened, recipe_of(recipe), split, limit)
        return short("evaluate", steps, progress=progress)

    def repair(self, recipe: Asked, *, progress: bool = True) -> Reading:
        """Measure what a cut is worth once the layers behind it are fitted by least squares, without training.

        Args:
            recipe: the cut.
            progress: show a bar.

        Raises:
            TaskError: there are no train samples.
            RecipeError: the recipe does not fit, or no layer reads what it cuts.
        """
        reading = short("repair", partial(verbs.repair, self.opened, recipe_of(recipe)), progress=progress)
        assert isinstance(reading, Reading), "a repair ends with what it is worth"
        return reading

    def prune(self, recipe: Asked) -> Pruned:
        """Make the network a recipe asks for: really smaller, and the caller's own to train.

        Raises:
            RecipeError: the recipe does not fit.
        """
        pruned = Pruned(self, call(partial(verbs.check, self.opened, recipe_of(recipe))))
        _ = pruned.model  # what cannot be made is said here
        return pruned

    def recover(
        self,
        recipe: Asked,
        epochs: int | None = None,
        *,
        schedule: Schedule | None = None,
        rounds: int = 1,
        progress: bool = True,
    ) -> Run:
        """Fine-tune the network a recipe asks for, and keep the best by validation as a run.

        Ctrl+C keeps the best so far, as the last run of ``history()``.

        Args:
            recipe: the cut to recover from; zeroed weights stay zero, quantised ones are trained as such.
            epochs: passes over the train samples in the usual way; 2 for ``None``.
            schedule: how to train instead.
            rounds: cut and recover in so many rounds.
            progress: show a bar.

        Raises:
            TaskError: there are no train samples.
            RecipeError: the recipe does not fit, or ``epochs`` and ``schedule`` are both given.
        """
        asked = recipe_of(recipe)
        how = schedule_for(asked, epochs, schedule)
        steps = partial(verbs.recover_in_rounds, self.opened, asked, rounds, how)
        *_, run = long("recovery", steps, _trained, progress=progress)
        assert isinstance(run, records.Run), "a recovery ends with its run"
        return Run(self, run)

    def adopt(self, source: Source, recipe: Asked, note: str = "", *, progress: bool = True) -> Run:
        """Take back a smaller network that was trained elsewhere: checked, measured, and a run like a recovered one.

        Args:
            source: the network on any device and in any mode, its state dict, or a file of it; it is not changed.
            recipe: what it was cut by.
            note: what the run is called.
            progress: show a bar.

        Raises:
            CheckpointError: it is not the network that the recipe leaves, or zeroed weights are not zero any more.
            RecipeError: the recipe does not fit.
        """
        steps = partial(verbs.adopt, self.opened, source, recipe_of(recipe), note)
        *_, run = long("adoption", steps, progress=progress)
        assert isinstance(run, records.Run), "an adoption ends with its run"
        return Run(self, run)

    def masks(self, recipe: Asked) -> Mapping[str, Tensor]:
        """Return which weights a recipe leaves, to keep the others at zero while training elsewhere.

        Args:
            recipe: the question.

        Returns:
            Parameter name → boolean mask in the smaller network's shape, on the network's device.

        Raises:
            RecipeError: the recipe does not fit.
        """
        masks = call(partial(verbs.masks, self.opened, recipe_of(recipe)))
        device = None if self.origin is None else self.origin.device
        return {name: mask.to(device or "cpu") for name, mask in masks.items()}

    def export(
        self, recipe: Asked, folder: Path | str, formats: Collection[str] = (), *, progress: bool = True
    ) -> tuple[ExportedFile, ...]:
        """Write the network a recipe asks for as files, each proven in a fresh process.

        Args:
            recipe: the question.
            folder: new, empty, or an earlier export, which is replaced.
            formats: what to write besides checkpoint and program: ``pth``, ``onnx``, ``int8``.
            progress: show a bar.

        Returns:
            The files with their proofs.

        Raises:
            ExportError: a proof failed or the folder cannot be written; nothing is left behind.
            RecipeError: the recipe does not fit.
        """
        steps = partial(verbs.export, self.opened, recipe_of(recipe), Path(folder), formats)
        *_, files = long("export", steps, progress=progress)
        assert isinstance(files, tuple), "an export ends with all its files"
        return files

    def verify(self, path: Path | str) -> Verdict:
        """Prove an export again in a fresh process.

        Args:
            path: the folder, or one of its network files.
        """
        return call(partial(verbs.verify, Path(path), self.opened))

    def latency(
        self, recipe: Asked = None, batch: int = 1, threads: int = 1, runtime: str = "eager", *, progress: bool = True
    ) -> Latency:
        """Time the network a recipe asks for and the dense one in turns, in a process of their own.

        Args:
            recipe: the question.
            batch: inputs in one forward pass.
            threads: threads a forward pass may use.
            runtime: ``eager``, ``onnx`` or ``int8``.
            progress: show a bar.

        Raises:
            LatencyError: a network that another process cannot load or run.
            RecipeError: the recipe does not fit.
        """
        steps = partial(verbs.latency, self.opened, recipe_of(recipe), batch, threads, runtime)
        return long("latency", steps, progress=progress)[-1]

    def compare(self, a: Run | str | None, b: Run | str | None, *, progress: bool = True) -> Comparison:
        """Measure two runs on the validation split and say how they differ.

        Args:
            a: a run or its id; ``None`` is the dense network.
            b: another one.
            progress: show a bar.

        Raises:
            WorkspaceError: no such run, or its weights are gone.
        """
        comparison = short("compare", partial(verbs.compare, self.opened, run_id(a), run_id(b)), progress=progress)
        assert isinstance(comparison, Comparison), "it comes last"
        return comparison

    def history(self) -> list[Run]:
        """Return the runs of this network, oldest first."""
        return [Run(self, record) for record in call(partial(verbs.history, self.opened))]

    def app(self, port: int | None = None, behind: str | None = None) -> "Serving":
        """Serve the dashboard on these very objects, from a thread of this process; calling it again returns the same.

        Args:
            port: the port of this machine to answer on; a free one for ``None``.
            behind: where a proxy shows that port, with ``{port}`` in its place; for ``None`` that of the JupyterHub
                that this process runs in, if it does.

        Returns:
            Where it is; ``stop()`` ends it, ``wait()`` keeps a script going; a notebook shows it.

        Raises:
            PrunekitError: the port is taken, it cannot start, or what the extra ``desk`` installs is missing.
        """
        from prunekit.ui.home import check_installed

        check_installed()
        from prunekit.ui.serve import serve  # a script without a screen does without streamlit

        return serve(self.opened, port, behind)

    def __repr__(self) -> str:
        title, rows, notes = overview(self.opened)
        return "\n".join([title, *(f"{name}: {value}" for name, value in rows), *notes])

    def _repr_html_(self) -> str:
        return html_table(*overview(self.opened))


def _trained(_: int, record: object) -> float | None:
    return record.share if isinstance(record, Epoch) else None
