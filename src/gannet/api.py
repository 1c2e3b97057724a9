"""The verbs of the command line as Python functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from gannet.comparison.engines import engine_of
from gannet.comparison.plan import Measurement, prepare
from gannet.comparison.result import Result
from gannet.comparison.telling import Interrupted
from gannet.comparison.work import carry_out
from gannet.config.plan import DEFAULT_FLAGS, plan, refuse_flags
from gannet.discovery import is_outside
from gannet.errors import UserError, in_shell
from gannet.export.export import export as export_run
from gannet.sessions.fork import parse_parent
from gannet.sessions.goal import parse_goal
from gannet.sessions.outcome import saved_sentence
from gannet.sessions.reopen import words_to_repeat
from gannet.sessions.reporter import PythonReporter
from gannet.sessions.resume import train_again
from gannet.sessions.train import start
from gannet.sessions.trained_run import TrainedRun
from gannet.training.own_observer import Moment


def train(
    data: str,
    *,
    recipe: str | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    init: str | None = None,
    stop_when: str | None = None,
    patience: int | None = None,
    quiet: bool = False,
    observe: Callable[[Moment], object] | None = None,
    observe_every: int = 100,
    keys: dict[str, Any] | None = None,
    **recipe_keys: Any,
) -> TrainedRun:
    """Train a run and open it: ``run = gannet.train("ring", recipe="gan", steps=5000)``, then ``run.sample(1000)``.

    A bar in a notebook, or a line on stderr, shows the progress. Health alarms and other warnings are
    ``gannet.GannetWarning``. The run is a directory that all commands of ``gannet`` accept.

    Args:
        data: a built-in name, a path, or ``hf:owner/name``. The path of a run repeats that run with its commands;
            ``path@step`` forks it from its checkpoint of that step, ``path@best`` from the best.
        recipe: name or file of a recipe; the recommended one if None.
        seed: determines all random numbers; 0 if None.
        out: the run directory; ``runs/NNNN-data-recipe`` if None.
        device: ``auto`` (if None), ``cpu`` or ``cuda``.
        precision: ``auto`` (if None), ``fp32`` or ``bf16``.
        init: ``RUN`` or ``RUN@STEP``, whose parameters the training starts from where they fit.
        stop_when: ``METRIC<VALUE`` or ``METRIC>VALUE``, such as ``"fd<0.2"``: end the training once a measurement
            passes the value.
        patience: number of measurements in a row without a lower FD after which the training ends.
        quiet: show no progress on stderr; warnings are still shown.
        observe: your own function, which gets a :class:`Moment` (step, terms, networks, samples); it must not change
            the networks.
        observe_every: steps between two calls of ``observe``; it is also called after the last step.
        keys: dotted keys as on the command line, for example ``{"optimizer.generator.lr": 1e-4}``.
        **recipe_keys: keys without a dot, for example ``steps=5000``, ``loss="hinge"``; ``lr=1e-4`` sets the learning
            rate of every player that ``keys`` does not set.

    Returns:
        The run at its last checkpoint, ready to ``sample``, ``measure`` and ``animate``.

    Raises:
        UserError: the input has mistakes; all are reported together.
        TrainingStopped: a value is not finite.
    """
    given = _together(keys, recipe_keys)
    flags = {
        name: value
        for name, value in (("seed", seed), ("device", device), ("precision", precision))
        if value is not None
    }
    goal = parse_goal(stop_when, patience)
    folder = Path(out) if out is not None else None
    older = parse_parent(data)
    if observe_every < 1:
        raise UserError(f"observe_every={observe_every}: expected a number of steps, at least 1.")
    with PythonReporter(quiet=quiet, observe=observe, observe_every=observe_every) as reporter:
        if older:
            refuse_flags(given)
            if init is not None:
                raise UserError(f"init does not apply to {data}, which is a run itself: give data to train on.")
            outcome = train_again(*older, given | flags, folder, reporter, recipe_file=recipe, goal=goal)
        else:
            planned = plan(data, recipe=recipe, given=given, flags=DEFAULT_FLAGS | flags)
            outcome = start(planned, folder, reporter, init=init, goal=goal)
        saved = saved_sentence(outcome.step, outcome.saved)
        again = in_shell("gannet", "resume", outcome.path, *words_to_repeat(outcome.path))
        if outcome.goal:
            reporter.say(f"Stopped at the goal: {outcome.goal}. {saved} Continue with: {again}")
        elif outcome.signal is None and not outcome.finished:
            reporter.warned(f"Stopped by a command. {saved} Continue with: {again}")
        elif not outcome.is_saved:
            reporter.warned(f"{saved} Free some space, then: {again}")
    if outcome.signal is not None:
        raise UserError(f"Training was interrupted. {saved} Continue with `{again}`.")
    supplied = {key: value for key, value in given.items() if is_outside(value)}
    return load(
        outcome.path, recipe_file=recipe if recipe is not None and recipe.endswith(".py") else None, keys=supplied
    )


def compare(
    data: str,
    recipes: Sequence[str],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    metrics: list[str] | None = None,
    samples: int | None = None,
    jobs: int | Literal["auto"] | None = None,
    on: str | None = None,
    sweep: Mapping[str, Sequence[Any]] | None = None,
    out: str | Path | None = None,
    quiet: bool = False,
    keys: dict[str, Any] | None = None,
    **recipe_keys: Any,
) -> Result:
    """Train every recipe with every seed on the same data and measure all runs alike. A repeated call continues a
    stopped comparison.

    Args:
        data: a built-in name, a path, or ``hf:owner/name``.
        recipes: names or files.
        seeds: seeds of the runs of each recipe.
        metrics: names; the default metrics of the data if None.
        samples: generated samples per run; the default number if None.
        jobs: number of runs trained side by side, each in its own process; ``"auto"`` takes one per core, None trains
            one after the other in this process. The parameters are equal bit for bit. A run whose process dies gets the
            status ``failed``.
        on: ``"ray"`` trains on a local Ray cluster, an address on a running one; needs the extra ``[ray]``.
        sweep: key -> values, for example ``{"batch_size": [16, 64]}``: every combination is trained with every seed.
        out: folder for ``RECIPE/seed-S``, compare.json and samples.png; ``runs/compare-data`` if None.
        quiet: show no progress on stderr; warnings are still shown.
        keys: dotted keys, for every recipe.
        **recipe_keys: keys without a dot, for example ``steps=5000``, for every recipe.

    Raises:
        UserError: the input has mistakes, which are reported together; the runs cannot be compared; or a signal stopped
        it.
    """
    engine, at_once = engine_of(jobs, on)
    with PythonReporter(quiet=quiet) as reporter:
        planned = prepare(
            data,
            recipes,
            seeds=seeds,
            given=_together(keys, recipe_keys),
            measurement=Measurement(metrics, samples),
            out=Path(out) if out is not None else None,
            progress=reporter.work,
            jobs=at_once,
            sweep=sweep,
        )
        try:
            return carry_out(planned, reporter, engine, at_once=at_once)
        except Interrupted:
            raise UserError(
                f"The comparison in {planned.path} was interrupted; the same call continues from there."
            ) from None


def load(
    path: str | Path,
    *,
    step: int | None = None,
    recipe_file: str | None = None,
    raw: bool = False,
    keys: Mapping[str, Any] | None = None,
) -> TrainedRun:
    """Open a run's newest checkpoint, or that of ``step``; ``load("RUN@STEP")`` is the same. See
    :class:`TrainedRun`.
    """
    return TrainedRun(path, step=step, recipe_file=recipe_file, raw=raw, keys=keys)


def export(
    run: TrainedRun | str | Path, *, format: str = "torch", part: str | None = None, out: str | Path | None = None
) -> Path:
    """Write a run's EMA generator for programs without Gannet: the network, a model card and a short script.

    Args:
        run: an opened run, a path or ``RUN@STEP``.
        format: ``torch`` (torch.export), ``onnx`` (needs the extra ``[export]``) or ``safetensors`` (tensors only).
        part: ``generator``, ``encoder``, ``classifier`` or ``translator``; if None, the one that draws.
        out: a new folder; below the run if None.

    Returns:
        The folder.

    Raises:
        UserError: an unknown format or part, missing packages, a folder that contains something, or a network that
            the format cannot hold.
    """
    opened = run if isinstance(run, TrainedRun) else load(run)
    return export_run(opened, None if out is None else Path(out), kind=format, part=part)


def _together(keys: Mapping[str, Any] | None, recipe_keys: Mapping[str, Any]) -> dict[str, Any]:
    twice = sorted(set(keys or {}) & set(recipe_keys))
    if twice:
        raise UserError(f"{', '.join(twice)}: given in keys and as an argument; give it once.")
    return {**(keys or {}), **recipe_keys}
