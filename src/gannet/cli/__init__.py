"""The command line: verbs that parse, call and print. Heavy modules are imported only when a verb needs them."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gannet.cli import (
    apply,
    clean,
    compare,
    config,
    data,
    describe,
    doctor,
    export,
    invert,
    list_components,
    measure,
    report,
    resume,
    sample,
    status,
    stop,
    table,
    train,
    watch,
    weights,
)
from gannet.cli.interruption import interruptible
from gannet.cli.output import Unwritable
from gannet.cli.train import UNSAVED
from gannet.errors import RankLost, TrainingFailed, TrainingStopped, UserError, one_line

BAD_INPUT, STOPPED_BY_GUARD, FAILED = 2, 3, 5
FAULTS_OF_A_PLACE = {
    getattr(errno, name)
    for name in (
        "EACCES",
        "EPERM",
        "EROFS",
        "ENOSPC",
        "EDQUOT",
        "EIO",
        "ELOOP",
        "ENAMETOOLONG",
        "ESTALE",
        "EEXIST",
        "ENOTDIR",
        "EISDIR",
    )
}
"""What a file system answers that the user can change: no permission, read-only, full, unreadable, too long a name, a
file where a folder belongs.
"""
EARLY = {
    "train": "Interrupted before the first step: no new run was made.",
    "resume": "Interrupted before the next step: the run keeps its checkpoints, and the same command continues it.",
}
"""What an interruption means before a training listens to signals; from then on it ends with a checkpoint and says
so.
"""


class Verbs(TyperGroup):
    """All verbs. Typer ends without a word at an interruption, so it is caught before."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; an interruption is one sentence, and the exit status is 128 + the signal."""
        with interruptible() as interruption:
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as interrupted:
                sentence = str(interrupted) or EARLY.get(ctx.invoked_subcommand, "Interrupted.")
                raise typer.Exit(_say(_of_all_ranks([sentence]), 128 + interruption.signal)) from None


app = typer.Typer(
    name="gannet",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("train", cls=train.TrainCommand)(train.train)
app.command("resume")(resume.resume)
app.command("status")(status.status)
app.command("stop")(stop.stop)
app.command("sample", cls=sample.SampleCommand)(sample.sample)
app.command("invert")(invert.invert)
app.command("apply")(apply.apply)
app.command("export")(export.export)
app.command("measure")(measure.measure)
app.command("table")(table.table)
app.command("watch")(watch.watch)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("doctor")(doctor.doctor)
app.command("clean")(clean.clean)
app.command("list")(list_components.list_components)
app.command("describe")(describe.describe)
app.add_typer(data.app, name="data")
app.add_typer(config.app, name="config")
app.add_typer(weights.app, name="weights")


def _print_version(wanted: bool) -> None:
    if wanted:
        import gannet

        print(f"gannet {gannet.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train, watch and measure generative adversarial networks."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. A user's mistake gives a message on stderr, never a traceback."""
    if "" in arguments:
        return _say(
            ["An argument is empty, perhaps because a shell variable is not set. Give it a value, or omit it."],
            BAD_INPUT,
        )
    try:
        return _run(arguments)
    except Unwritable as error:
        return _say([f"Cannot write the output: {error.strerror}."], BAD_INPUT)
    except BrokenPipeError:
        return 0


def _run(arguments: Sequence[str]) -> int:
    """Raises BrokenPipeError if nobody reads the output, and Unwritable if it cannot be written."""
    try:
        result = app(args=list(arguments), standalone_mode=False, prog_name="gannet")
    except (UserError, TrainingStopped, RankLost, TrainingFailed) as error:
        return _say(*_end(error))
    except (BrokenPipeError, Unwritable):
        raise
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer ends with status 1 if nobody reads the output
            return 0
        raise
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.ctx.get_help())  # type: ignore[attr-defined]
            return 0
        # Usage errors of typer have their own message and exit status.
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            return _say([_usage(error)], BAD_INPUT)
        if isinstance(error, OSError) and error.errno in FAULTS_OF_A_PLACE and error.filename is not None:
            return _say([f"Cannot use {os.fsdecode(error.filename)}: {error.strerror}."], BAD_INPUT)
        raise
    return result if isinstance(result, int) else 0


def _end(error: Exception) -> tuple[Sequence[str], int]:
    """What to say of an error of Gannet, and the exit status."""
    if isinstance(error, UserError):
        return _of_all_ranks(error.problems), BAD_INPUT
    if isinstance(error, TrainingStopped):
        return _of_all_ranks([str(error)]), STOPPED_BY_GUARD
    if isinstance(error, TrainingFailed):
        return [str(error)], FAILED if error.is_saved else UNSAVED
    return [f"{str(error).capitalize()}."], FAILED


def _usage(error: Any) -> str:
    """The sentences for a usage error of typer, with the help of the command that was typed."""
    sentence, command = " ".join(error.format_message().split()), error.ctx
    sentence += "" if sentence.endswith((".", "?")) else "."
    is_unknown_option = hasattr(error, "possibilities") and hasattr(error, "option_name")
    if is_unknown_option and command is not None and command.info_name in ("train", "compare"):
        key = error.option_name.lstrip("-")
        if verbs := _verbs_with(error.option_name, command):
            sentence += f" {error.option_name} is an option of {' and '.join(f'gannet {verb}' for verb in verbs)}."
        else:
            sentence += " Write --out DIR." if key == "o" else f" Keys are written without dashes: {key}=VALUE."
    return f"{sentence} See {'gannet' if command is None else command.command_path} --help."


def _verbs_with(option: str, context: Any) -> list[str]:
    """Which of the verbs that train have an option."""
    known = context.find_root().command.commands
    return [verb for verb in ("train", "resume", "compare") if any(option in p.opts for p in known[verb].params)]


def _of_all_ranks(sentences: Sequence[str]) -> Sequence[str]:
    """What every process of a training finds: rank 0 says it."""
    return sentences if os.environ.get("RANK", "0") == "0" else []


def _say(sentences: Sequence[str], status: int) -> int:
    """Print sentences on stderr. Whether somebody can read them does not change the status."""
    for sentence in sentences:
        with suppress(OSError):
            print(f"gannet: {one_line(sentence)}", file=sys.stderr)
    return status
