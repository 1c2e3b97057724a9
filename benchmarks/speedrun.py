"""`make speedrun`: processor seconds until a training is good enough, for recipes and for plain PyTorch loops.

    python benchmarks/speedrun.py DATA NAME [--entries "dcgan-relativistic" "dcgan steps=900" "plain-dcgan"]
        [--goals "fd[mnist-cnn-v1]<=0.5" ...] [--seeds 0 1 2] [--limit 600] [--threads 1] [--growth 1.1] [--first 10]

It prints a table and adds to benchmarks/results/speedrun-NAME.json; `make docs` shows it. Rows of the same entry, seed
and machine are replaced.

Rules:

1. The clock is the processor time (user and system) of one process and its children, from the start of the process. So
   imports, reading the data, building networks and compilation (``compile=true``) count.
2. Measuring does not count, and nothing else is left out. Both sides take steps only: no frames, no checkpoints, no
   health checks.
3. Measurements follow each other at growing times, each 10 % after the one before (``--growth``; 30 % where features of
   effnet-lite0 are measured, which take long), and the last one is after the last step. A goal is reached at the first
   measurement that meets it; the time is that of this measurement. So a time is up to 10 % (30 %) too long, and never
   too short.
4. A measurement is that of ``gannet measure`` with default samples: images 5,000, of the EMA generator where a recipe
   has one, of the generator in evaluation mode where a plain loop has none. The real data are those of training.
5. All goals of a row are reached in one training with settings that are fixed before it starts. A training ends when
   all goals are reached, at its last step, or at the limit, and every training that was started is in the record.
6. An entry is a recipe and its keys, or a plain loop. Class labels may be used if the data have them; the table says
   whether they were. An extractor that measures must not train.
7. One process at a time, with the same number of threads. A result names machine, versions, command, seed and the whole
   log of measurements.

To send a result: the record that this command writes.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from operator import ge, le
from pathlib import Path
from typing import Any, Protocol

from gannet.config.build import build
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Dataset, silent
from gannet.evaluation.measure import measurer
from gannet.games.base import Conditional, Game
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.priors.uniform import Uniform
from gannet.runs.records import ScoreCard
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import with_threads
from gannet.training.trainer import Trainer
from gannet_dev.machine import described

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PLAIN = "plain-dcgan"
GOALS = {
    "mnist": ("fd[mnist-cnn-v1]<=0.5", "fd[mnist-cnn-v1]<=0.2", "fd[mnist-cnn-v1]<=0.1"),
    "fashion-mnist": ("fd[fashion-cnn-v1]<=2", "fd[fashion-cnn-v1]<=1", "fd[fashion-cnn-v1]<=0.5"),
    "cifar10": ("fd[effnet-lite0]<=150", "fd[effnet-lite0]<=120", "fd[effnet-lite0]<=90"),
    "cifar10-horses": ("fd[effnet-lite0]<=150", "fd[effnet-lite0]<=120", "fd[effnet-lite0]<=90"),
    "ring": ("modes>=8,high-quality>=0.9",),
    "grid": ("modes>=25,high-quality>=0.9",),
    "grid100": ("modes>=100,high-quality>=0.9",),
}
"""Goals for a NAME if the user gives none."""
ENTRIES = {"images": ("dcgan-relativistic", "dcgan", PLAIN), "points": ("particle-gan", "r3gan", "gan-deep")}
FIRST = {"images": 10.0, "points": 5.0}
"""Processor seconds at the first measurement, unless --first says otherwise."""
GROWTH = 1.1


class Entry(Protocol):
    """What trains: ``step`` until ``done``; ``game`` is what is measured."""

    game: Game
    steps_taken: int

    def step(self) -> None: ...

    def done(self) -> bool: ...


class OfRecipe:
    """A recipe with default keys, except those given."""

    def __init__(self, recipe: str, keys: dict[str, str], data: str, seed: int) -> None:
        made = plan(data, recipe=recipe, given=keys, flags=DEFAULT_FLAGS | {"seed": seed})
        keep_freed_memory()
        self.dataset = made.source.open(silent)
        experiment, precision = build(made, self.dataset.form)
        self.trainer = Trainer(experiment, self.dataset, seed=seed, precision=precision)
        if made.settings.compile:
            from gannet.training.compiled import choose_step

            choose_step(self.trainer)
        self.game, self.precision = self.trainer.average.game, precision.dtype

    @property
    def steps_taken(self) -> int:
        return self.trainer.step

    def step(self) -> None:
        self.trainer.play()

    def done(self) -> bool:
        return self.trainer.step >= self.trainer.steps


class PlainDCGAN:
    """The loop of ``gannet_dev.baselines.dcgan`` on all images in memory; it has no last step. Keys are those of the
    data.
    """

    precision = "fp32"

    def __init__(self, keys: dict[str, str], data: str, seed: int) -> None:
        from gannet_dev.baselines.dcgan import Loop

        self.dataset = plan(data, recipe="dcgan", given=keys, flags=DEFAULT_FLAGS | {"seed": seed}).source.open(silent)
        assert self.dataset.size is not None
        images, _ = self.dataset.reference(self.dataset.size, seed=0)
        self.loop = Loop(self.dataset.form.encode(images), seed)
        self.game = TwoPlayer(self.loop.generator, self.loop.discriminator, Uniform(size=96), loss=NonSaturating())
        self.steps_taken = 0

    def step(self) -> None:
        self.loop.step()
        self.steps_taken += 1

    def done(self) -> bool:
        return False


@dataclass(frozen=True)
class Goal:
    """Conditions on metrics, all of which must hold."""

    text: str

    def conditions(self) -> list[tuple[str, str, float]]:
        """(metric, ``<=`` or ``>=``, value) of each."""
        found = [re.fullmatch(r"(.+?)(<=|>=)(.+)", part.strip()) for part in self.text.split(",")]
        try:
            return [(match[1], match[2], float(match[3])) for match in found]  # type: ignore[index]
        except (TypeError, ValueError):
            sys.exit(f"--goals {self.text!r}: write METRIC<=VALUE or METRIC>=VALUE, several with commas.")

    def is_met(self, values: dict[str, float]) -> bool:
        compare = {"<=": le, ">=": ge}
        return all(compare[sign](values.get(name, math.nan), value) for name, sign, value in self.conditions())


def clock() -> float:
    """Processor seconds of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def run(
    entry: Entry,
    goals: list[Goal],
    measure: Callable[[], dict[str, float]],
    first: float,
    limit: float,
    excluded: float,
    growth: float = GROWTH,
) -> dict[str, Any]:
    """Train and measure; the log, and for each goal the processor seconds and the step at which it was reached.

    ``excluded`` are the processor seconds so far that the preparation of measuring took.
    """
    due = first
    log: list[dict[str, Any]] = []
    reached: dict[str, dict[str, float] | None] = {goal.text: None for goal in goals}
    ended = ""
    while not ended:
        entry.step()
        now = clock() - excluded
        if now < due and not entry.done():
            continue
        values = measure()
        excluded = clock() - now
        log.append({"processor_seconds": round(now, 1), "step": entry.steps_taken, **values})
        print(json.dumps(log[-1]), file=sys.stderr, flush=True)
        for goal in goals:
            if reached[goal.text] is None and goal.is_met(values):
                reached[goal.text] = {"processor_seconds": round(now, 1), "step": entry.steps_taken}
        due = max(now, due) * growth
        reasons = ("all goals", all(reached.values())), ("last step", entry.done()), ("limit", now >= limit)
        ended = next((reason for reason, holds in reasons if holds), "")
    return {"reached": reached, "ended": ended, "log": log}


def measured_on(game: Game, dataset: Dataset, seed: int, goals: list[Goal]) -> Callable[[], dict[str, float]]:
    """A function that measures what the goals ask for."""
    names = list(dict.fromkeys(name for goal in goals for name, _, _ in goal.conditions()))
    measure = measurer(game, dataset, seed=seed, run="speedrun", weights="ema", metrics=names)

    def values() -> dict[str, float]:
        cards, skipped = measure(0)
        if skipped:
            sys.exit(" ".join(skipped))
        return {name: _card(cards, name).value for name in names}

    return values


def _card(cards: list[ScoreCard], name: str) -> ScoreCard:
    return next(card for card in cards if card.metric.replace("_", "-") == name.replace("_", "-"))


def train(
    text: str, data: str, seed: int, goals: list[Goal], limit: float, threads: int, first: float | None, growth: float
) -> dict[str, Any]:
    """One training in this process."""
    name, *given = text.split()
    with with_threads(threads):
        keys = dict(part.split("=", 1) for part in given)
        entry: Any = PlainDCGAN(keys, data, seed) if name == PLAIN else OfRecipe(name, keys, data, seed)
        before = clock()
        measure = measured_on(entry.game, entry.dataset, seed, goals)
        first = first or FIRST[entry.dataset.form.kind]
        found = run(entry, goals, measure, first, limit, clock() - before, growth)
    conditional = isinstance(entry.game, Conditional) and entry.game.num_classes > 0
    facts = {"entry": text, "seed": seed, "class_labels": conditional, "precision": entry.precision, "limit": limit}
    facts["growth"] = growth
    return facts | {"threads": threads, "machine": described(), "date": date.today().isoformat()} | found


def table(rows: list[dict[str, Any]]) -> str:
    """One line per training."""
    goals = list(dict.fromkeys(goal for row in rows for goal in row["reached"]))
    lines = [" | ".join(["entry", "seed", "labels", *goals])]
    for row in rows:
        times = [_time(row["reached"].get(goal), row) for goal in goals]
        lines.append(" | ".join([row["entry"], str(row["seed"]), "yes" if row["class_labels"] else "no", *times]))
    return "\n".join(lines)


def _time(reached: dict[str, float] | None, row: dict[str, Any]) -> str:
    if reached:
        return f"{reached['processor_seconds']:.0f} s"
    return f"not in {row['log'][-1]['processor_seconds']:.0f} s ({row['ended']})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="as of gannet train: a built-in name or a path")
    parser.add_argument("name", help=f"of the record; {', '.join(GOALS)} have goals")
    parser.add_argument("--entries", nargs="+", help='"RECIPE KEY=VALUE ..." or plain-dcgan')
    parser.add_argument("--goals", nargs="+", help='"METRIC<=VALUE" or "METRIC>=VALUE", several with commas')
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--limit", type=float, default=600, help="processor seconds of a training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--first", type=float, help="processor seconds at the first measurement")
    parser.add_argument("--growth", type=float, default=GROWTH, help="ratio of the times of two measurements")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    goals = [Goal(text) for text in given.goals or GOALS.get(given.name) or parser.error("--goals are needed")]
    for goal in goals:
        goal.conditions()
    if given.one:
        rest = given.limit, given.threads, given.first, given.growth
        row = train(given.entries[0], given.data, given.seeds[0], goals, *rest)
        print(json.dumps(row))
        return
    command = " ".join(["python benchmarks/speedrun.py", Path(given.data).name, *map(_quoted, sys.argv[2:])])
    path = RESULTS / f"speedrun-{given.name}.json"
    points = given.name in ("ring", "grid", "grid100")
    rows = []
    for text in given.entries or ENTRIES["points" if points else "images"]:
        for seed in given.seeds:
            one = ["--entries", text, "--seeds", str(seed), "--goals", *(goal.text for goal in goals)]
            one += ["--limit", str(given.limit), "--threads", str(given.threads), "--growth", str(given.growth)]
            one += ["--one", *(["--first", str(given.first)] if given.first else [])]
            done = subprocess.run(
                [sys.executable, __file__, given.data, given.name, *one], stdout=subprocess.PIPE, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{text}, seed {seed}, failed; its message is above.")
            rows.append(json.loads(done.stdout.splitlines()[-1]) | {"command": command})
            keep(path, given.name, rows[-1])
    print(table(rows))
    print(f"wrote {path.relative_to(ROOT)}")


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[\s<>\[]", text) else text


def keep(path: Path, name: str, row: dict[str, Any]) -> None:
    """Add a training to the record; one of the same entry, seed and machine is replaced."""
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"rows": []}
    same = ("entry", "seed", "threads", "machine")
    rest = [other for other in earlier["rows"] if any(other[key] != row[key] for key in same)]
    path.write_text(json.dumps({"data": name} | earlier | {"rows": [*rest, row]}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
