"""A trained run, opened from Python or the command line: sample, measure, animate, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gannet.config.build import new_experiment, open_held_out
from gannet.config.plan import plan_again
from gannet.data.base import Dataset, Form, Progress, silent
from gannet.errors import UserError
from gannet.evaluation.cost import Cost
from gannet.evaluation.measure import measurer, wants_held_out
from gannet.files import written_whole
from gannet.games.base import Captioned, Conditional, Game, Generates, Translates
from gannet.games.labels import balanced_labels, frame_labels
from gannet.games.truncation import truncated
from gannet.runs.reader import Run, parse_run
from gannet.runs.records import ScoreCard
from gannet.runs.rounding import written
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.runs.score_cards import ScoreCards
from gannet.runs.state import state_of
from gannet.seeding import torch_rng
from gannet.sessions.provenance import changed_keys
from gannet.sessions.recorded import Recorded
from gannet.sessions.reopen import changed_data, checkpoint_at, reopen_data, repeat_keys
from gannet.sessions.traversal import traverse
from gannet.training import checkpoint
from gannet.training.allocator import keep_freed_memory
from gannet.training.ema import Average
from gannet.training.sampling import evaluating, great_circle, sample_chunks, translated


class TrainedRun(Recorded):
    """A checkpoint of a run, ready to sample: the newest valid one unless a step is given; the EMA generator unless
    ``raw``.

    Args:
        path: the run directory, the name of a run in ./runs, or ``RUN@STEP``.
        step: of one of its checkpoints; the newest valid one if None.
        recipe_file: the user's recipe file, if the run was made from one.
        raw: the trained generator instead of its exponential moving average.
        keys: ``data.path``, the new path of the data, and the user-supplied components of the run, which are imported
            only if they are named here.

    Raises:
        UserError: not a run, no valid checkpoint, no checkpoint of that step, or user-supplied code that was not named
        again.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        step: int | None = None,
        recipe_file: str | None = None,
        raw: bool = False,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        keep_freed_memory()
        folder, in_path = parse_run(path)
        if step is not None and in_path is not None and step != in_path:
            raise UserError(f"{path} names step {in_path}, and step={step} another: give one of them.")
        step = in_path if step is None else step
        self.run = Run(folder)
        self.path = self.run.path
        self.form = Form.from_json(self.run.record.data.form)
        changes = repeat_keys(self.run.record, keys or {})
        self.plan = plan_again(self.run.record, steps=None, recipe_file=recipe_file, device="cpu", changes=changes)
        if step is None:
            chosen, self.complaints = checkpoint.latest_valid(self.path / CHECKPOINTS_FOLDER)
        else:
            chosen, self.complaints = checkpoint_at(self.path, step), []
        if changed := changed_keys(self.path, self.run.record, chosen):
            self.complaints += [f"run.json has changed since the training ({changed})"]
        self.step = int(chosen.name.removeprefix("step-"))
        self.weights = "raw" if raw else "ema"
        experiment = new_experiment(self.plan, self.form)
        checkpoint.load_into(experiment.game, chosen, "model")
        average = Average(experiment.game, experiment.average)
        checkpoint.load_into(average, chosen, "average")
        self.game: Game = experiment.game if raw else average.game
        self._cards = ScoreCards()

    def __repr__(self) -> str:
        plan, planned = self.plan, state_of(self.path, self.run.events()).planned(self.run.record)
        step = f"step {self.step:,}" + ("" if planned is None else f" of {planned:,}")
        raw = ", raw parameters" if self.weights == "raw" else ""
        made = f"{plan.recipe_name} on {plan.data_name}, seed {plan.settings.seed}"
        return f"<TrainedRun {self.path}: {made}, {step}{raw}{self._scores()}>"

    def _repr_html_(self) -> str:
        from gannet.reports.notebook import run_html

        return run_html(self.run, self._newest_cards())

    def _scores(self) -> str:
        """Labels and values of the newest score cards."""
        values = {card.label: written(card.value, card.n_fake) for card in self._newest_cards()}
        return "".join(f", {label} {value}" for label, value in values.items())

    def _newest_cards(self) -> list[ScoreCard]:
        """From this object or from scores.jsonl, those of this step; the last of each label."""
        cards = self._cards or [
            card for card in self.run.scores() if card.step == self.step and card.weights == self.weights
        ]
        return list({card.label: card for card in cards}.values())

    def sample(
        self,
        count: int = 64,
        *,
        seed: int = 0,
        label: str | int | None = None,
        caption: str | None = None,
        truncate: float | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples in original units (uint8 NHWC images, or points), and their labels or captions, if any, (N,) int64 or
        text.

        Args:
            count: number of samples.
            seed: the same seed gives the same samples.
            label: one class by name or number; None for all classes in turn.
            caption: what to draw; None for a few captions of the training data in turn.
            truncate: largest absolute value of a coordinate of Gaussian latents, or how much of a style's distance from
                the mean style is kept; samples are then more typical and less varied.

        Raises:
            UserError: a label for an unconditional run, or an unknown label; a caption for a run without captions, or
                unknown words; a prior that cannot be truncated.
        """
        parts = list(self.sample_chunks(count, seed=seed, label=label, caption=caption, truncate=truncate))
        conditions = [condition for _, condition in parts if condition is not None]
        samples = np.concatenate([samples for samples, _ in parts])
        return samples, np.concatenate(conditions) if conditions else None

    def sample_chunks(
        self,
        count: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        caption: str | None = None,
        truncate: float | None = None,
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """The same as :meth:`sample` in parts of at most 512 samples, so that any number of them fits into memory."""
        labels, captions = self._labels(count, label), self._captions(count, caption)
        condition = labels if captions is None else self.form.token_ids(captions)
        shown = np.array(captions) if captions is not None else None if labels is None else labels.numpy()
        images = self.images() if isinstance(self.game, Translates) else None
        done = 0
        with truncated(self.game, truncate):
            for part in sample_chunks(self.game, count, torch_rng(seed, "sample"), labels=condition, images=images):
                yield self.form.decode(part), None if shown is None else shown[done : done + len(part)]
                done += len(part)

    def translations(self, count: int, *, seed: int = 0) -> dict[str, np.ndarray]:
        """Input, output and target of ``count`` images of the data, held out if any are: each uint8 (count, H, W, C).

        Raises:
            UserError: a run that does not translate images, or its data are missing.
        """
        if not isinstance(self.game, Translates):
            raise UserError("This run does not translate images; train one with --recipe pix2pix.")
        columns = translated(self.game, self.images(), count, torch_rng(seed, "sample"))
        return {name: self.form.decode(column) for name, column in columns.items()}

    def images(self) -> Dataset:
        """The images that a run that translates is shown on: held-out ones if the source has them, else its data.

        Raises:
            UserError: the data are missing.
        """
        return self._held_out(silent, needed=False) or self.open_data()

    def columns(self, count: int, label: str | int | None = None, caption: str | None = None) -> int:
        """Number of columns of a grid of ``count`` samples: one per class or per example caption if the grid shows
        all of them.
        """
        return frame_labels(self.game, count)[1] if label is None and caption is None else max(1, round(count**0.5))

    def save_picture(
        self,
        samples: np.ndarray,
        path: Path,
        *,
        columns: int,
        labels: np.ndarray | None = None,
        are_paths: bool = False,
    ) -> None:
        """Write a grid of images, or a drawing of points, as PNG, complete or not at all.

        If each column holds one class, its name is the heading; if each column holds one caption, it is below the
        column. If each row is a path between latents, the points of a row are joined.

        Raises:
            UserError: the file cannot be written.
        """
        from gannet.sessions.pictures import picture_of

        picture = picture_of(self, samples, columns, labels, are_paths=are_paths)
        with written_whole(path) as file:
            picture.save(file, "PNG")

    def save_arrays(self, samples: np.ndarray, labels: np.ndarray | None, path: Path) -> None:
        """Write ``samples`` (float32 points or uint8 NHWC images) and ``labels`` or ``captions``, if any, as NPZ.

        Raises:
            UserError: the file cannot be written.
        """
        arrays = {"samples": samples}
        if labels is not None:
            arrays["captions" if labels.dtype.kind == "U" else "labels"] = labels
        with written_whole(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def interpolate(self, *, rows: int = 8, columns: int = 10, seed: int = 0) -> np.ndarray:
        """(rows * columns, ...) samples in original units; each row interpolates between two latents.

        The path is a great circle (White 2016, https://arxiv.org/abs/1609.04468), which preserves the norm of Gaussian
        latents; with a conditional generator, each row shows one class or one caption.

        Raises:
            UserError: a game without latents.
        """
        if not isinstance(self.game, Generates):
            raise UserError("This game has no latents to interpolate between.")
        ends = self.game.draw_latents(2 * rows, torch_rng(seed, "interpolate"))
        share = torch.linspace(0, 1, columns).view(1, -1, 1)
        path = great_circle(ends[:rows, None], ends[rows:, None], share).flatten(0, 1)
        labels = balanced_labels(self.game, rows)
        labels = None if labels is None else labels.repeat_interleave(columns, dim=0)
        with torch.no_grad(), evaluating(self.game):
            return self.form.decode(self.game.generate(path, labels))

    def walk(self, count: int = 16, *, frames: int = 120, stops: int = 4, seed: int = 0) -> Iterator[np.ndarray]:
        """(count, ...) samples in original units for each frame of a closed walk through the latents.

        Every sample goes along great circles through its ``stops`` latents, back to the first one; with a
        conditional generator it keeps its class or caption.

        Raises:
            UserError: a game without latents.
        """
        if not isinstance(self.game, Generates):
            raise UserError("This game has no latents to walk between.")
        ends = self.game.draw_latents(count * stops, torch_rng(seed, "walk")).unflatten(0, (stops, count))
        labels = balanced_labels(self.game, count)
        for frame in range(frames):
            stop, share = divmod(frame * stops / frames, 1)
            at = great_circle(ends[int(stop)], ends[(int(stop) + 1) % stops], torch.tensor(share))
            with torch.no_grad(), evaluating(self.game):
                yield self.form.decode(self.game.generate(at, labels))

    def traverse(self, what: str = "codes", *, rows: int = 3, columns: int = 10, seed: int = 0) -> np.ndarray:
        """(directions * rows * columns, ...) samples in original units: ``rows`` rows for each direction, in which only
        it varies.

        Args:
            what: ``codes``, ``sefa``, ``pca`` or the number of a coordinate; see
            :func:`gannet.sessions.traversal.traverse`.
            rows: rows for each direction.
            columns: samples in a row.
            seed: of the latents.

        Raises:
            UserError: a game without latents or codes, or an unknown direction.
        """
        return self.form.decode(traverse(self.game, what, rows=rows, columns=columns, seed=seed).samples)

    def measure(
        self,
        metrics: list[str] | None = None,
        *,
        samples: int | None = None,
        progress: Progress = silent,
        announce: Callable[[Cost], None] | None = None,
    ) -> tuple[ScoreCards, list[str]]:
        """Score cards with their real-data references, and a sentence per metric that does not apply; ``announce`` gets
        the cost first.

        Raises:
            UserError: the data are missing, an unknown metric, or samples that cannot be measured.
        """
        dataset = self.open_data(progress)
        changed = changed_data(self.run.record, dataset)
        seed = self.plan.settings.seed
        measure = measurer(
            self.game,
            dataset,
            seed=seed,
            run=self.run.name,
            weights=self.weights,
            samples=samples,
            metrics=metrics,
            held_out=self._held_out(progress, needed=wants_held_out(self.game, metrics)),
            published=True,
            warnings=[changed] if changed else [],
            progress=progress,
            announce=announce,
        )
        cards, skipped = measure(self.step)
        self._cards = ScoreCards(cards)
        return self._cards, skipped

    def open_data(self, progress: Progress = silent) -> Dataset:
        """Open the data of the run, which may have changed; see :func:`changed_data`.

        Raises:
            UserError: the data are missing, or their samples have another shape.
        """
        dataset = reopen_data(self.plan, progress)
        if dataset.form.shape != self.form.shape:
            raise UserError(
                f"The data of {self.path} have changed: samples had shape {self.form.shape} and now have "
                f"{dataset.form.shape}."
            )
        return dataset

    def _held_out(self, progress: Progress, *, needed: bool) -> Dataset | None:
        try:
            return open_held_out(self.plan, progress)
        except UserError:
            if needed:
                raise
            return None

    def _captions(self, count: int, caption: str | None) -> list[str] | None:
        """One caption per sample; None if the generator has none."""
        if not isinstance(self.game, Captioned):
            if caption is None:
                return None
            raise UserError(
                "--caption: this run's generator does not read captions; train one with --recipe text-to-image."
            )
        examples = self.form.captions if caption is None else (caption,)
        return [examples[index % len(examples)] for index in range(count)]

    def _classes(self) -> int:
        return self.game.num_classes if isinstance(self.game, Conditional) else 0

    def _labels(self, count: int, label: str | int | None) -> Tensor | None:
        if label is None:
            return balanced_labels(self.game, count)
        if not self._classes():
            has_classes = self.form.num_classes > 1
            lesson = "train one with --recipe cgan" if has_classes else "its data have no classes, so omit --label"
            raise UserError(f"--label: this run's generator is not class-conditional; {lesson}.")
        names = self.form.class_names
        if str(label) in names:
            return torch.full((count,), names.index(str(label)))
        raise UserError(f"--label {label}: no such class. Allowed: {', '.join(names)}.")
