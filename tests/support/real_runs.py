"""Small runs that training made, for every test of something that reads a run.

``trained("points")`` is a copy of a run, in the test's own folder, to read, damage or continue. A run is trained when a
test first asks for it, once per test session: the workers of pytest-xdist share it. The conftest of a folder of tests
imports the two fixtures.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gannet import cli
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.errors import TrainingStopped
from gannet.live.control import LOOK_SECONDS
from gannet.runs.commands import submit
from gannet.sessions.reporter import Reporter
from gannet.sessions.resume import resume, train_again
from gannet.sessions.train import start

Trained = Callable[..., Path]
SMALL = {"steps": 60, "hidden": 16, "batch_size": 16, "checkpoint.every": 20, "checkpoint.keep": 9, "frames.every": 10}
BEST = {
    "steps": 90, "batch_size": 128, "data.size": 8, "data.classes": "3,8", "prior.size": 8, "frames.every": 0,
    "health.every": 0, "checkpoint.every": 40, "checkpoint.keep": 1,
}  # fmt: skip
IMAGES = {"steps": 20, "batch_size": 16, "frames.every": 5, "checkpoint.every": 10, "health.every": 5}


class Quiet(Reporter):
    """A reporter that says nothing."""


class Person(Quiet):
    """Acts after certain steps of a training: gives commands, calls a function, or kills it.

    Args:
        script: step -> commands as (name, arguments), or functions.
    """

    def __init__(
        self, script: Mapping[int, Iterable[tuple[str, Mapping[str, Any]] | Callable[[], None]]] | None = None
    ) -> None:
        self._script, self._path = dict(script or {}), Path()

    def started(self, path, plan, trainer):
        self._path = path
        self.advanced(trainer.step)

    def advanced(self, step):
        for act in self._script.pop(step, ()):
            if callable(act):
                act()
            elif act is KILL:
                shutil.copytree(self._path, _at_death(self._path))
                raise Killed
            else:
                submit(self._path, *act)
                time.sleep(LOOK_SECONDS)  # so that training looks before its next step


class Killed(BaseException):
    """Ends a training as a kill does: what was on disk at that moment is all that stays."""


KILL = ("kill", {})
"""An act of a ``Person``."""


def train(
    path: Path, data: str = "ring", recipe: str = "gan", person: Person | None = None, seed: int = 7, **keys: Any
) -> None:
    """One training; a stop by the guard, a signal, a command or a kill is an end like any other."""
    with suppress(TrainingStopped, Killed):
        start(plan(data, recipe=recipe, given=keys, flags=DEFAULT_FLAGS | {"seed": seed}), path, person or Person())
    if _at_death(path).exists():
        shutil.rmtree(path, ignore_errors=True)  # with what the exception made of it
        _at_death(path).rename(path)


def _at_death(path: Path) -> Path:
    return path.with_name(f"{path.name}.at-death")


def without_provenance(path: Path) -> None:
    """Make the checkpoints of a run like those of earlier versions, which do not say what decided them."""
    for folder in path.glob("checkpoints/step-*"):
        manifest = json.loads((folder / "MANIFEST.json").read_text())
        manifest.pop("provenance.json", None)
        (folder / "provenance.json").unlink(missing_ok=True)
        (folder / "MANIFEST.json").write_text(json.dumps(manifest))


def measure(path: Path, metrics: str, samples: int) -> None:
    """``gannet measure``."""
    _command("measure", str(path), "--metrics", metrics, "--samples", str(samples))


def _command(*words: str) -> None:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        assert cli.run(words) == 0, said.getvalue()


def _points(path: Path, get: Callable[[str], Path]) -> None:
    """A finished ring: 31 frames, 3 checkpoints."""
    train(path, **SMALL | {"steps": 300, "checkpoint.every": 100})


def _few(path: Path, get: Callable[[str], Path]) -> None:
    """36 steps of a recipe that has a frame every 250 steps, with the settings that every run has."""
    train(path, "ring", "wgan", steps=36, hidden=8, batch_size=8, critic_steps=1)


def _measured(path: Path, get: Callable[[str], Path]) -> None:
    """Measured at steps 40 and 60, where two protocols were used; the newer one is of 400 samples."""
    train(path, **SMALL | {"steps": 40})
    measure(path, "w2,modes", 200)
    resume(path, Person(), steps=60)
    measure(path, "w2,modes", 200)
    measure(path, "w2,precision,modes", 400)


def _scored(path: Path, get: Callable[[str], Path]) -> None:
    """Measured while it trained: all metrics that are measured by default, at step 60."""
    train(path, **SMALL | {"measure.every": 60})


def _best(path: Path, get: Callable[[str], Path]) -> None:
    """Digits, measured by default at steps 30, 60 and 90. Nothing is learned, so the first is the best."""
    train(path, "digits", "mlp-gan", **BEST | {"lr": 1e-20})


def _images(path: Path, get: Callable[[str], Path]) -> None:
    """Digits without classes: five frames."""
    train(path, "digits", "mlp-gan", **IMAGES)


def _labelled(path: Path, get: Callable[[str], Path]) -> None:
    """Digits of a requested class."""
    train(path, "digits", "cgan", **IMAGES)


def _translated(path: Path, get: Callable[[str], Path]) -> None:
    """Inputs, outputs and targets of an image-to-image game."""
    train(path, "digits", "pix2pix", **{"steps": 3, "batch_size": 4, "frames.count": 60, "frames.every": 3})


def _captioned(path: Path, get: Callable[[str], Path]) -> None:
    """Images of captions."""
    train(path, "captioned-digits", "text-to-image", **{"steps": 2, "batch_size": 8, "frames.every": 2})


def _encoder(path: Path, get: Callable[[str], Path]) -> None:
    """Digits, with an encoder."""
    train(path, "digits", "bigan", **IMAGES | {"hidden": 16})


def _commanded(path: Path, get: Callable[[str], Path]) -> None:
    """Edited, recorded in slow motion, refused once, played by one player, and stopped by a command at step 40."""
    script = {
        10: [("set", {"key": "optimizer.generator.lr", "value": 0.01})],
        20: [("slow", {})],
        25: [("set", {"key": "hidden", "value": 8})],
        30: [("step", {"player": "discriminator", "count": 2}), ("go", {})],
        40: [("stop", {})],
    }
    train(path, person=Person(script), **SMALL)


def _signalled(path: Path, get: Callable[[str], Path]) -> None:
    """Stopped by SIGTERM at step 30."""
    train(path, person=Person({30: [lambda: signal.raise_signal(signal.SIGTERM)]}), **SMALL)


def _failed(path: Path, get: Callable[[str], Path]) -> None:
    """Stopped by the guard after step 50, when a live edit made the loss overflow."""
    # (D(x) - 1e30)^2 does not fit into a float32.
    edit = ("set", {"key": "loss.a", "value": 1e30})
    train(path, person=Person({50: [edit]}), **SMALL | {"loss": "least-squares"})


def _killed(path: Path, get: Callable[[str], Path]) -> None:
    """Killed at step 30: its record does not say how it ended."""
    train(path, person=Person({30: [KILL]}), **SMALL)


def _bare(path: Path, get: Callable[[str], Path]) -> None:
    """Killed before its first step: a record, and nothing else."""
    train(path, person=Person({0: [KILL]}), **SMALL)


def _forked(path: Path, get: Callable[[str], Path]) -> None:
    """From step 100 of ``points`` with another learning rate, to step 160."""
    train_again(get("points"), 100, {"optimizer.generator.lr": 0.01, "steps": 160}, path, Person())


def _again(path: Path, get: Callable[[str], Path]) -> None:
    """``commanded`` from its beginning, its commands included, to its last step."""
    train_again(get("commanded"), None, {}, path, Person())


def _alarmed(path: Path, get: Callable[[str], Path]) -> None:
    """A generator that hardly moves, and the alarm that says so."""
    train(path, **SMALL | {"steps": 150, "health.every": 5, "optimizer.generator.lr": 1e-6})


def _constant(path: Path, get: Callable[[str], Path]) -> None:
    """Of a recipe with a number that may be none, and is."""
    train(path, recipe="particle-gan", **SMALL | {"steps": 40, "penalty.final": None})


def _relative(path: Path, get: Callable[[str], Path]) -> None:
    """A relativistic game: its outputs have no zero. Step 21 is in slow motion."""
    train(path, recipe="particle-gan", person=Person({20: [("slow", {})]}), **SMALL | {"steps": 40})


def _critic(path: Path, get: Callable[[str], Path]) -> None:
    """A Wasserstein critic: the zero of its values is arbitrary. Step 21 is in slow motion."""
    train(path, recipe="wgan", person=Person({20: [("slow", {})]}), **SMALL | {"steps": 40, "critic_steps": 2})


def _shown(path: Path, get: Callable[[str], Path]) -> None:
    """A ring of 3 modes with all that a page can show: slow motion after step 500, a penalty, scores at two steps
    and of two protocols.
    """
    keys = {
        "steps": 500,
        "hidden": 16,
        "batch_size": 16,
        "prior.size": 2,
        "data.count": 3,
        "frames.every": 100,
        "checkpoint.every": 500,
    }
    rates = {"optimizer.generator.lr": 0.01, "optimizer.discriminator.lr": 0.01}
    train(path, recipe="dragan", **keys | rates)
    measure(path, "w1", 200)
    resume(path, Person({500: [("slow", {})]}), steps=1000)
    measure(path, "w1", 200)
    measure(path, "w1", 400)


def _seeds(path: Path, get: Callable[[str], Path]) -> None:
    """No run but a folder of six: a-5, a-7, a-9 differ in their seed only and are measured; b, c and d are other
    experiments.
    """
    keys = {"steps": 100, "hidden": 8, "batch_size": 8, "frames.every": 50, "checkpoint.every": 50}
    for seed in (5, 7, 9):
        train(path / f"a-{seed}", seed=seed, **keys)
    # A second record between those of the other seeds.
    train(path / "a-11", seed=11, person=Person({70: [("stop", {})]}), **keys)
    resume(path / "a-11", Person())
    train(path / "b-5", recipe="dragan", seed=5, **keys | {"frames.every": 25})
    train(path / "c-5", seed=5, **keys | {"optimizer.generator.lr": 0.002})
    train(path / "d-5", seed=5, **keys | {"data.sigma": 0.1})
    for name in ("a-5", "a-7", "a-9", "b-5"):
        for step in (50, 100):
            measure(Path(f"{path / name}@{step}"), "w1", 200)


def _compared(path: Path, get: Callable[[str], Path]) -> None:
    """No run but a folder of a comparison: two recipes with seeds 5, 7 and 9."""
    words = (
        "compare ring --recipes gan,lsgan --seeds 5,7,9 --steps 4 --metrics w1,precision,modes --samples 200 "
        "hidden=8 batch_size=8"
    )
    _command(*words.split(), "--out", str(path))


RUNS: dict[str, Callable[[Path, Callable[[str], Path]], None]] = {
    maker.__name__.removeprefix("_"): maker
    for maker in (
        _points, _few, _measured, _scored, _best, _images, _labelled, _translated, _captioned, _encoder, _commanded,
        _signalled, _failed, _killed, _bare, _forked, _again,
        _alarmed, _constant, _relative, _critic, _shown, _seeds, _compared,
    )
}  # fmt: skip
"""Name -> what makes the run; it may ask for another run by its name."""


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``trained_once("points")`` is the run itself, for reading only; tests use ``trained``."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    folder.mkdir(exist_ok=True)

    def get(name: str) -> Path:
        path, done = folder / name, folder / f"{name}.done"
        with _locked(folder / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(path, ignore_errors=True)
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("GANNET_CACHE", str(folder / "cache"))
                    RUNS[name](path, get)
                done.touch()
        return path

    return get


@pytest.fixture
def trained(trained_once: Callable[[str], Path], tmp_path: Path) -> Trained:
    """``trained(name)`` is a fresh copy of a run of ``RUNS``, at ``to`` or in the test's folder under its name."""

    def copy(name: str, to: Path | None = None) -> Path:
        return Path(shutil.copytree(trained_once(name), to or tmp_path / "runs" / name))

    return copy


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
