"""``gannet config``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gannet.config.plan import Plan

app = typer.Typer(help="Explain the keys of a training.", no_args_is_help=True, rich_markup_mode=None)


@app.command("explain")
def explain(
    target: Annotated[str, typer.Argument(metavar="DATA|RUN", help="What `gannet train` takes, or a run that exists.")],
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE ...]", help="As for train.")] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.py", help="The recommended recipe for the data if omitted.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Show every key of a training with its value, range and help.

    First those that differ from the defaults, each with its default, then the others. Nothing is made, and the data are
    not opened. `gannet describe RECIPE` explains a recipe.
    """
    import json

    from gannet.catalogue.explained import explain as explained
    from gannet.catalogue.key_help import shown
    from gannet.cli.describe import key_lines, terminal_width
    from gannet.errors import one_line

    plan = _planned(target, keys or [], recipe)
    rows = explained(plan)
    if json_output:
        fields = {
            row.key.name: {"value": row.value, "default": row.default, "is_changed": row.is_changed} for row in rows
        }
        print(json.dumps({"recipe": plan.recipe_name, "data": plan.source_name, "keys": fields}, indent=1))
        return 0
    width = terminal_width()
    print(f"{one_line(plan.recipe_name)} on {one_line(plan.data_name)}")
    for note in (plan.note,) if plan.note else ():
        print(note)
    print("\nDIFFERENT FROM THE DEFAULTS")
    for row in rows:
        if row.is_changed:
            before = "" if not row.has_default else f"default {shown(row.default)}"
            allowed = "; ".join(filter(None, (row.key.allowed, before)))
            print("\n".join(map(one_line, key_lines([replace(row.key, allowed=allowed)], width))))
    if not any(row.is_changed for row in rows):
        print("  nothing")
    print("\nDEFAULTS")
    print("\n".join(map(one_line, key_lines([row.key for row in rows if not row.is_changed], width))))
    return 0


def _planned(target: str, keys: list[str], recipe: str | None) -> Plan:
    from gannet.cli.key_values import parse_keys
    from gannet.config.plan import DEFAULT_FLAGS, plan, plan_again, refuse_flags
    from gannet.errors import UserError
    from gannet.runs.reader import read_record
    from gannet.sessions.fork import parse_parent

    given = parse_keys(keys)
    older = parse_parent(target)
    if older is None:
        refuse_flags(given)
        return plan(target, recipe=recipe, given=given, flags=DEFAULT_FLAGS)
    run, step = older
    if step is not None:
        raise UserError(f"{target}: give the run without a step; its keys are the same at every step.")
    return plan_again(read_record(Path(run)), steps=None, recipe_file=recipe, changes=given)
