"""``gannet watch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def watch(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN|DIR]", help="A run, or a folder of runs; ./runs if left out.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", min=1, max=65535, help="A free one if left out.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Take no commands and start no trainings from the page.")] = False,
    once: Annotated[Path | None, typer.Option(metavar="picture.png", help="Write how the run stands as a picture, and end.")] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Show curves in the terminal instead of the browser.")] = False,
) -> int:
    """Open the live view of a run or of a folder of runs.

    Runs may be live or finished; the view opens in the browser of this machine. The page replays every step, plays one in slow motion,
    compares runs, and may control a training, fork it from a checkpoint or train on data drawn by hand. Training never waits for it, and
    Ctrl-C ends only the view. It is served to this machine alone and to who knows the token of the printed address; over SSH, the
    printed command brings it to your own computer.
    """
    import os
    import threading
    import webbrowser

    from gannet.dashboard.server import View

    folder = path or _usual_folder()
    if once is not None or terminal:
        return _without_browser(folder, once)
    view = View(folder, port, read_only=read_only, may_come=path is None)
    remote = os.environ.get("SSH_CONNECTION", "").split()
    print(f"Watching {folder}: {view.address}", flush=True)
    if len(remote) == 4:
        print(f"From your own computer, first: ssh -N -L {view.port}:127.0.0.1:{view.port} {_user()}@{remote[2]}", flush=True)
    elif not no_browser:
        threading.Thread(target=webbrowser.open, args=(view.address,), daemon=True).start()
    print("Ctrl-C ends it; training goes on.", flush=True)
    try:
        view.serve()
    except KeyboardInterrupt:
        pass
    finally:
        view.close()
    return 0


def _usual_folder() -> Path:
    """./runs, also before it exists; the working directory where that is a run or holds some."""
    from gannet.dashboard.library import Library

    runs = Path("runs")
    return runs if runs.is_dir() or not Library(Path()).runs() else Path()


def _without_browser(folder: Path, once: Path | None) -> int:
    from gannet.cli.sparklines import follow
    from gannet.dashboard.library import newest_run
    from gannet.errors import UserError
    from gannet.reports.snapshot import save_snapshot
    from gannet.runs.reader import Run

    run = newest_run(folder)
    if once is None:
        return follow(run)
    if once.suffix != ".png":
        raise UserError(f"--once {once}: write to a file that ends in .png.")
    save_snapshot(Run(run.path), once)
    print(f"wrote {once}")
    return 0


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "USER"
