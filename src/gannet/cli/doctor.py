"""``gannet doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gannet.cli.resume import Run, whole_run

if TYPE_CHECKING:
    from gannet.doctor.complaint import Complaint
    from gannet.doctor.diagnosis import Diagnosis


def doctor(
    path: Run,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Explain what went wrong in a training, with evidence.

    Reads only the run directory.
    """
    import json

    from gannet.cli.terminal import Terminal
    from gannet.doctor.diagnosis import diagnose
    from gannet.errors import one_line

    diagnosis = diagnose(whole_run(path, "`gannet doctor` explains the whole training"))
    if json_output:
        print(json.dumps(diagnosis.as_json(), allow_nan=False))
    else:
        console = Terminal()
        for line in _lines(diagnosis):
            console.print(one_line(line), soft_wrap="`" in line)  # commands are not wrapped, so that they can be copied
    return 0


def _lines(diagnosis: Diagnosis) -> list[str]:
    from gannet.doctor.outcome import MEANINGS

    lines = [
        f"VERDICT  {diagnosis.outcome}: {MEANINGS[diagnosis.outcome]}",
        f"{diagnosis.run}: {diagnosis.state}, step {diagnosis.step:,} of {diagnosis.steps:,}.",
        "",
    ]
    cause = diagnosis.cause
    shared = None if cause is None else cause.command or cause.text
    for complaint in diagnosis.complaints:
        lines += [f"{complaint.severity.upper()}  {complaint.rule}  ({_evidence(complaint)})", complaint.text]
        lines += [] if complaint.suggestion == shared else [f"-> {complaint.suggestion}"]
        lines += [""]
    if cause is not None:
        changes = " ".join(
            f"{'--recipe ' if key == 'recipe' else f'{key}='}{value}" for key, value in cause.changes.items()
        )
        lines += [f"LIKELY CAUSE  {cause.name}", cause.text]
        lines += (
            [f"-> Change {changes}:" if changes else "-> Continue it:", f"   `{cause.command}`"]
            if cause.command
            else []
        )
        lines += [""]
    lines += [diagnosis.verdict, ""] if diagnosis.verdict else []
    return [*lines, f"Looked at {'; '.join(diagnosis.looked_at)}."]


def _evidence(complaint: Complaint) -> str:
    first, last = complaint.steps
    steps = f"step {last:,}" if first == last else f"steps {first:,} to {last:,}"
    if not complaint.records:
        return steps
    shown = ", ".join(map(str, complaint.records[:5])) + (" ..." if len(complaint.records) > 5 else "")
    return f"{steps}; events.jsonl seq {shown}"
