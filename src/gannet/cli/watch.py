"""``gannet watch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def watch(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN|DIR]", help="A run, or a folder of runs; ./runs if left out.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", min=1, max=65535, help="A free one if left out.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> int:
    """Open the live view of one run or of all runs in a folder, live or finished. It reads only; Ctrl-C ends it."""
    import os
    import threading
    import webbrowser

    from gannet.dashboard.server import View

    folder = path or (Path("runs") if Path("runs").is_dir() else Path())
    view = View(folder, port)
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


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "USER"
