"""``gannet train``."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from signal import SIGALRM, Signals
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from gannet.cli.places import from_here
from gannet.cli.spread import Devices, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gannet.cli.progress import TerminalReporter
    from gannet.sessions.outcome import Outcome

UNSAVED = 4
"""Exit status of a training whose last step is not in a checkpoint."""

RECIPE_NAMED = "gannet.recipe"
"""Name in typer's context of the recipe whose keys the help of ``train`` lists."""

Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE ...]", help="Arguments of the recipe, data.*, measure.*, checkpoint.*, frames.*"
    ),
]

MaxTime = Annotated[
    str | None, typer.Option(metavar="TIME", help="Stop with a checkpoint after this time: 90s, 30m, 3h, 1h30m.")
]
StopWhen = Annotated[
    str | None, typer.Option(metavar="FD<VALUE", help="Stop once a measured metric passes this value: 'fd<0.2'.")
]
Patience = Annotated[
    int | None, typer.Option(metavar="N", help="Stop after N measurements in a row without a lower FD.")
]


class TrainCommand(TyperCommand):
    """``gannet train``; its help lists the keys of the recipe given by --recipe."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Store the recipe, because --help is handled before other options are parsed."""
        ctx.meta[RECIPE_NAMED] = _recipe_named(args)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the verb, then the keys."""
        super().format_help(ctx, formatter)
        formatter.write("\n" + "\n".join(_help_of_keys(ctx.meta[RECIPE_NAMED], formatter.width)) + "\n")


def _recipe_named(words: list[str]) -> str | None:
    """The value of --recipe among unparsed words."""
    for word, following in zip_longest(words, words[1:]):
        if word == "--recipe":
            return following
        if word.startswith("--recipe="):
            return word.removeprefix("--recipe=")
    return None


def _help_of_keys(recipe: str | None, width: int) -> Iterator[str]:
    if recipe is None or recipe.startswith("-"):
        yield (
            "To list the keys of a recipe: gannet train DATA --recipe NAME --help; to explain it: gannet describe NAME."
        )
        return
    from gannet.catalogue.key_help import keys_of_settings
    from gannet.catalogue.page import recipe_keys
    from gannet.cli.describe import key_lines
    from gannet.config.plan import load_recipe
    from gannet.errors import one_line

    yield f"Keys of {one_line(recipe)}:"
    yield from key_lines(recipe_keys(load_recipe(recipe)), width)
    yield "\nKeys of every training:"
    yield from key_lines(keys_of_settings(), width)


def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="ring, grid, gmm, digits, mnist, a path, hf:owner/name; RUN repeats a run, RUN@STEP forks it from a "
            "checkpoint",
        ),
    ],
    keys: Keys = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.py", help="The recommended recipe for the data if omitted.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Generator steps; the recipe's default if omitted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Determines all random numbers; 0 if omitted.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run directory; runs/NNNN-DATA-RECIPE if omitted.", callback=from_here),
    ] = None,
    init: Annotated[
        str | None, typer.Option(metavar="RUN[@STEP]", help="Start from the parameters of another run.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda; auto if omitted")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32 or bf16; auto if omitted")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --out if it exists; start it if not.")
    ] = False,
    devices: Devices = None,
    shard: Shard = False,
    max_time: MaxTime = None,
    stop_when: StopWhen = None,
    patience: Patience = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings and errors.")] = False,
) -> int:
    """Train a GAN on DATA and record it in a run directory.

    With --recipe NAME, --help also lists the keys of that recipe. With --resume, repeat the same command until the run
    is finished, for example in a job script: it starts the run, continues it, or reports that it is finished.
    """
    from gannet.cli.interruption import held_back

    with held_back():
        from gannet.cli.key_values import parse_keys
        from gannet.cli.progress import TerminalReporter
        from gannet.cli.spread import other_rank
        from gannet.cli.time_limit import limited
        from gannet.config.plan import DEFAULT_FLAGS, plan, refuse_flags
        from gannet.errors import UserError
        from gannet.runs.reader import read_record
        from gannet.sessions.before_ranks import require_continuation, require_start
        from gannet.sessions.fork import parse_parent
        from gannet.sessions.goal import parse_goal
        from gannet.sessions.resume import start_or_resume, train_again
        from gannet.sessions.train import start

    goal = parse_goal(stop_when, patience)
    given = parse_keys(keys or [], steps=steps)
    flags = {
        name: value
        for name, value in (("seed", seed), ("device", device), ("precision", precision))
        if value is not None
    }
    older = parse_parent(data)
    if older and init is not None:
        raise UserError(f"--init does not apply to {data}, which is a run itself: give data to train on.")
    if resume and (older or out is None):
        raise UserError(
            "--resume needs --out DIR." if out is None else f"--resume does not apply to {data}: use gannet resume RUN."
        )
    if older:
        refuse_flags(given)
    planned = None if older else plan(data, recipe=recipe, given=given, flags=DEFAULT_FLAGS | flags)
    with limited(max_time):

        def require(processes: int) -> None:
            if planned is None:
                assert older
                require_continuation(older[0], given | flags, recipe, None, processes)
                return
            with TerminalReporter(quiet=quiet) as reporter:
                require_start(planned, None if resume else out, reporter.work, processes)

        status = other_rank(
            devices,
            recipe=recipe,
            keys=given,
            restarts=resume,
            device=device or str("auto" if older is None else read_record(older[0]).settings.get("device", "auto")),
            shard=shard,
            require=require,
        )
        if status is not None:
            return status
        with TerminalReporter(quiet=quiet) as reporter:
            if older:
                return conclude(
                    reporter, train_again(*older, given | flags, out, reporter, recipe_file=recipe, goal=goal)
                )
            assert planned is not None
            if resume:
                assert out is not None
                return conclude(reporter, start_or_resume(planned, out, reporter, init=init, goal=goal))
            return conclude(reporter, start(planned, out, reporter, init=init, goal=goal))


def conclude(reporter: TerminalReporter, outcome: Outcome) -> int:
    """Report how a session ended and which step is saved, and return the exit status."""
    from gannet.errors import counted, in_shell
    from gannet.ranks.group import repeated
    from gannet.sessions.outcome import saved_sentence
    from gannet.sessions.reopen import words_to_repeat

    if outcome.is_deleted:
        reporter.warned(
            f"{outcome.path} was deleted, or moved to another file system, while it trained. Training stopped at step "
            f"{outcome.step}, which is not saved."
        )
        return UNSAVED
    saved = saved_sentence(outcome.step, outcome.saved)
    code = words_to_repeat(outcome.path)
    resume = in_shell("gannet", "resume", outcome.path, *code, *repeated())
    if outcome.alarms:
        number = "1 alarm" if len(outcome.alarms) == 1 else f"{len(outcome.alarms)} alarms"
        reporter.say(f"{number} while training:")
        for sentence in outcome.alarms:
            reporter.say(f"  {sentence}")
    if outcome.best is not None and outcome.best.step != outcome.step:
        best = in_shell("gannet", "sample", f"{outcome.path}@best", *code)
        reporter.say(f"Best {outcome.best.label} at step {outcome.best.step}, which is kept: {best}")
    if outcome.signal == SIGALRM:
        reporter.warned(f"Stopped at the time limit. {saved} Continue with: {resume}")
        return 0 if outcome.is_saved else UNSAVED
    if outcome.signal is not None:
        reporter.warned(f"Stopped by {Signals(outcome.signal).name}. {saved} Continue with: {resume}")
        return 128 + outcome.signal
    if outcome.goal:
        reporter.say(f"Stopped at the goal: {outcome.goal}. {saved} Continue with: {resume}")
    elif not outcome.finished:
        reporter.warned(f"Stopped by a command. {saved} Continue with: {resume}")
    elif not outcome.is_saved:
        reporter.warned(f"{saved} Free some space and repeat the last steps with: {resume}")
    else:
        verbs = ("measure", "report") if outcome.can_be_measured else ("report",)
        given = {"measure": code, "report": []}  # a report draws what the run recorded
        following = " && ".join(in_shell("gannet", verb, outcome.path, *given[verb]) for verb in verbs)
        steps = counted(outcome.step - outcome.begun_at, "step")
        seconds = outcome.seconds - outcome.seconds_before
        after = f" after step {outcome.begun_at}" if outcome.begun_at else ""
        reporter.say(f"{steps}{after} in {seconds:.1f} s. {saved} Next: {following}")
    return 0 if outcome.is_saved else UNSAVED
