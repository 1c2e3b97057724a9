"""The server of the live view, which listens only on this machine."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gannet.errors import UserError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
DEFAULT_PORT = 8420
CONNECTIONS_AT_MOST = 512
"""Above this number of open connections or running requests, the answer is 503."""


@dataclass
class View:
    """A live view that listens at once and answers when ``serve`` runs.

    Args:
        root: a run directory, or a folder of runs.
        port: 0 or None selects a free port, preferably the default one.
        token: the secret in the address; random if None.
        read_only: whether commands and new trainings are refused.
        may_come: whether the folder may be created later.

    Raises:
        UserError: the folder does not exist, or the port is taken.
    """

    root: Path
    port: int | None = None
    token: str | None = None
    read_only: bool = False
    may_come: bool = False

    def __post_init__(self) -> None:
        if not self.root.is_dir() and (self.root.exists() or not self.may_come):
            raise UserError(f"{self.root} is not a folder. Give a run directory, or a folder with runs.")
        self.token = self.token or secrets.token_urlsafe(24)
        self._socket = _listening(self.port)
        self.port = self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        """The address with the token; a browser that opened it once stores the token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def serve(self) -> None:
        """Answer until SIGINT or SIGTERM."""
        import uvicorn

        from gannet.dashboard.connections import Connection

        config = uvicorn.Config(
            self.app(lambda: server.should_exit),
            http=Connection,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=CONNECTIONS_AT_MOST,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        server.run(sockets=[self._socket])

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def app(self, stopping: Callable[[], bool]) -> ASGIApp:
        """The ASGI application with access control; streams end when ``stopping`` returns True."""
        assert self.port is not None
        assert self.token is not None
        return application(self.root, self.token, self.port, stopping, read_only=self.read_only)


def application(root: Path, token: str, port: int, stopping: Callable[[], bool], *, read_only: bool = False) -> ASGIApp:
    """The ASGI application of a folder of runs."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse, HTMLResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from gannet.dashboard.api import STATIC, Api, answer_error, plotly_file
    from gannet.dashboard.documents import document, picture
    from gannet.dashboard.library import Library
    from gannet.dashboard.numbers import Missing
    from gannet.dashboard.security import Gate

    def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    def charts(request: Request) -> Response:
        return FileResponse(
            plotly_file(), media_type="text/javascript", headers={"cache-control": "private, max-age=86400"}
        )

    def docs(request: Request) -> Response:
        name = request.path_params["name"]
        return HTMLResponse(document(name)) if name.endswith(".md") else FileResponse(picture(name))

    routes = [
        Route("/", page),
        Route("/docs/{name:path}", docs),
        Route("/plotly.js", charts),
        *Api(Library(root), stopping, read_only=read_only).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    handlers = {UserError: answer_error, Missing: answer_error, FileNotFoundError: answer_error}
    hosts = [f"{name}:{port}" for name in (HOST, "localhost")]
    return Gate(Starlette(routes=routes, exception_handlers=handlers), token=token, hosts=hosts, port=port)


def _listening(port: int | None) -> socket.socket:
    choices, problem = [port] if port else [DEFAULT_PORT, 0], None
    for choice in choices:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, choice))
        except OSError as error:
            listener.close()
            problem = error.strerror
        else:
            listener.listen(128)
            return listener
    raise UserError(f"--port {port}: cannot listen there ({problem}). Give another port, or omit it for a free one.")
