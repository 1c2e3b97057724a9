"""``gannet watch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.status import Folder


def watch(
    path: Folder = None,
    port: Annotated[
        int | None, typer.Option(metavar="P", min=1, max=65535, help="Port of the server; a free one if omitted.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address without opening a browser.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse commands and new trainings from the page.")
    ] = False,
    once: Annotated[
        Path | None, typer.Option(metavar="picture.png", help="Write the state of the run as an image, and exit.")
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Show curves in the terminal instead of the browser.")
    ] = False,
) -> int:
    """Open the live view of a run or of a folder of runs.

    The view opens in the browser of this machine. It replays every recorded step, shows a step in slow motion, compares
    runs, controls a training, forks it from a checkpoint, and trains on data drawn by hand. Training never waits for
    it, and Ctrl-C ends only the view. Only this machine can open it, with the token in the printed address. Over SSH,
    the printed command forwards it to your own computer.
    """
    import os
    import threading
    import webbrowser

    from gannet.dashboard.server import View
    from gannet.errors import one_line
    from gannet.runs.finding import run_or_folder

    folder = run_or_folder(path) if path else _default_folder()
    if once is not None or terminal:
        return _without_browser(folder, once)
    view = View(folder, port, read_only=read_only, may_come=path is None)
    remote = os.environ.get("SSH_CONNECTION", "").split()
    print(f"Watching {one_line(str(folder))}: {view.address}", flush=True)
    if len(remote) == 4:
        print(
            f"From your own computer, first: ssh -N -L {view.port}:127.0.0.1:{view.port} {_user()}@{remote[2]}",
            flush=True,
        )
    elif not no_browser:
        threading.Thread(target=webbrowser.open, args=(view.address,), daemon=True).start()
    print("Ctrl-C ends the view; training continues.", flush=True)
    try:
        view.serve()
    except KeyboardInterrupt:
        pass
    finally:
        view.close()
    return 0


def _default_folder() -> Path:
    """./runs, even before it exists; the working directory if it is a run or contains runs."""
    from gannet.dashboard.library import Library

    runs = Path("runs")
    return runs if runs.is_dir() or not Library(Path()).runs() else Path()


def _without_browser(folder: Path, once: Path | None) -> int:
    from gannet.cli.sparklines import follow
    from gannet.dashboard.library import newest_run
    from gannet.errors import UserError, one_line
    from gannet.reports.snapshot import save_snapshot
    from gannet.runs.reader import Run

    run = newest_run(folder)
    if once is None:
        return follow(run)
    if once.suffix != ".png":
        raise UserError(f"--once {once}: write to a file that ends in .png.")
    save_snapshot(Run(run.path), once)
    print(f"wrote {one_line(str(once))}")
    return 0


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "USER"
