"""The interface of the page: JSON about runs, their frames, and a stream of new events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from pydantic import JsonValue
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gannet.dashboard.comparisons import comparisons
from gannet.dashboard.frames import packed, packed_plan
from gannet.dashboard.library import Library, Watched, file_version, frame_file
from gannet.dashboard.numbers import Missing, decimal, step_of, whole_number
from gannet.dashboard.probe import Prober
from gannet.dashboard.starting import Starter, recipes_for_points
from gannet.errors import UserError, in_shell
from gannet.files import read_regular
from gannet.runs.label import write_label
from gannet.runs.records import Event

EVENTS_AT_ONCE = 500
STREAM_SECONDS = 0.4
HEARTBEAT_SECONDS = 10.0
STREAMS_AT_MOST = 32
COMMAND_BYTES = 65536
DRAWING_BYTES = 4_000_000
PROBE_ARGUMENTS = ("seed", "d1", "d2", "d3", "step", "image")
SCORES_AT_MOST = 5000
FOREVER = "private, max-age=31536000, immutable"
STATIC = Path(__file__).parent / "static"


class Api:
    """The handlers of all routes under ``/api``.

    Args:
        library: the runs.
        stopping: returns whether the server is shutting down, which ends the streams.
        read_only: whether commands and new trainings are refused.
    """

    def __init__(self, library: Library, stopping: Callable[[], bool], *, read_only: bool = False) -> None:
        self.library, self.stopping, self.read_only = library, stopping, read_only
        self.prober = Prober()
        self.starter = Starter(library)
        self.streams = 0

    def routes(self) -> list[Route]:
        """All routes with their methods."""
        one = "/api/runs/{id}"
        return [
            Route("/api/panels", self.panels),
            Route("/api/charts", self.charts),
            Route("/api/runs", self.runs),
            Route(one, self.run),
            Route(f"{one}/events", self.events),
            Route(f"{one}/history", self.history),
            Route(f"{one}/stream", self.stream),
            Route(f"{one}/scores", self.scores),
            Route(f"{one}/frames/{{step}}", self.frame),
            Route(f"{one}/frames/{{step}}/plan", self.plan),
            Route(f"{one}/slow/{{step}}", self.slow),
            Route(f"{one}/probes", self.probe),
            Route(f"{one}/probes/{{name}}", self.probe),
            Route(f"{one}/checkpoints", self.checkpoints),
            Route(f"{one}/commands", self.command, methods=["POST"]),
            Route(f"{one}/label", self.label, methods=["POST"]),
            Route(f"{one}/forks", self.fork, methods=["POST"]),
            Route("/api/recipes", self.recipes),
            Route("/api/drawings", self.draw, methods=["POST"]),
        ]

    def panels(self, request: Request) -> Response:
        """Names of the panel modules: the files in static/panels."""
        return _json({"panels": sorted(path.name for path in (STATIC / "panels").glob("*.js"))})

    def charts(self, request: Request) -> Response:
        """Ids of the style elements that Plotly adds unless they exist; the page's policy would block them."""
        return _json(
            {
                "styles": sorted(
                    set(re.findall(r'getElementById\("([0-9a-f]{64})"\)', plotly_file().read_text(encoding="utf-8")))
                )
            }
        )

    def runs(self, request: Request) -> Response:
        """All runs sorted by name, and the comparisons that they belong to; a damaged run has an entry that says so."""
        found = []
        for run in self.library.runs():
            try:
                found.append(run.summary())
            except Exception as error:  # whatever is in the files of a run, the others are shown
                problem = str(error) if isinstance(error, UserError | OSError) else f"{type(error).__name__}: {error}"
                found.append(
                    {
                        "id": run.id,
                        "name": run.name,
                        "state": "damaged",
                        "paused": False,
                        "changed": 0,
                        "problem": problem,
                    }
                )
        return _json(
            {
                "root": self.library.root.name,
                "runs": found,
                "read_only": self.read_only,
                "comparisons": comparisons(self.library.root, self.library.runs()),
            }
        )

    def run(self, request: Request) -> Response:
        """Summary and record of a run, and the commands that measure and explain it."""
        run = self._find(request)
        about = {
            "record": run.run().record.as_json(),
            "numbers": run.numbers(),
            "measure": in_shell("gannet", "measure", run.path),
            "doctor": in_shell("gannet", "doctor", run.path),
        }
        return _json(run.summary() | about | {"read_only": self.read_only})

    def history(self, request: Request) -> Response:
        """Curves of at most 2,000 points each (from step ``from`` to ``to``), listed events, frames, and the cursor
        to continue from.
        """
        run = self._find(request)
        run.follower.refresh(at_once=True)
        cursor = run.follower.cursor()
        bounds = [whole_number(request.query_params.get(name)) for name in ("from", "to")]
        frames = [[step, version] for step, (_, version) in run.frames().items()]
        return _json(
            {
                "cursor": cursor,
                "series": run.follower.series(*bounds),
                "events": [event.as_json() for event in run.follower.listed()],
                "frames": frames,
            }
        )

    def events(self, request: Request) -> Response:
        """At most 500 events after a cursor."""
        run = self._find(request)
        run.follower.refresh()
        return _json(self._delta(run, request.query_params.get("after", "")))

    def scores(self, request: Request) -> Response:
        """The newest score cards."""
        return _json({"cards": [card.as_json() for card in self._find(request).run().scores()[-SCORES_AT_MOST:]]})

    def frame(self, request: Request) -> Response:
        """One frame, from the list of frames only: arrays of points (see ``dashboard.frames``), or a PNG.

        The browser caches it permanently if the request names its current version.
        """
        run, path, version = self._frame_of(request)
        if path.suffix == ".png":
            return _unchanging(request, version, read_regular(path), "image/png")
        return _unchanging(request, version, packed(run.points(path)), "application/octet-stream")

    def plan(self, request: Request) -> Response:
        """The earth mover's plan of one frame of points (see ``dashboard.frames``)."""
        run, path, version = self._frame_of(request)
        return _unchanging(request, version, packed_plan(run.points(path)), "application/octet-stream")

    def _frame_of(self, request: Request) -> tuple[Watched, Path, str]:
        run, step = self._find(request), step_of(request.path_params["step"])
        found = run.frame(step)
        if found is None:
            raise Missing(f"{run.name} has no frame of step {step}.")
        return run, *found

    def slow(self, request: Request) -> Response:
        """The arrays of a step in slow motion (``schema.SLOW_ARRAYS``), packed like a frame."""
        run = self._find(request)
        content = packed(run.run().load_slow(step_of(request.path_params["step"])))
        return Response(content, media_type="application/octet-stream", headers={"cache-control": "no-store"})

    def probe(self, request: Request) -> Response:
        """The questions that the newest checkpoint supports, or the answer to one, whose arguments are the numbers
        in the address.
        """
        run = self._find(request)
        arguments = {name: decimal(value) for name, value in request.query_params.items() if name in PROBE_ARGUMENTS}
        name = request.path_params.get("name", "")
        try:
            content = self.prober.ask(run.path, name, arguments)
        except UserError as error:
            if name:
                raise
            # Every run begins without a checkpoint, so this is not an error for the browser.
            return _json({"questions": [], "step": -1, "problem": str(error)})
        return Response(content, media_type="application/json", headers={"cache-control": "no-store"})

    def checkpoints(self, request: Request) -> Response:
        """Steps of checkpoints that a fork can start from."""
        return _json({"steps": self._find(request).checkpoints()})

    def recipes(self, request: Request) -> Response:
        """Names and summaries of the recipes that train on points."""
        return _json({"recipes": [{"name": name, "summary": summary} for name, summary in recipes_for_points()]})

    async def command(self, request: Request) -> Response:
        """Send a command to the training process, which answers with an event."""
        run = await run_sync(self._find, request)
        asked = await self._asked(request, COMMAND_BYTES)
        if isinstance(asked, Response):
            return asked
        name, arguments = asked.get("name"), asked.get("arguments", {})
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return _json({"error": 'A command is {"name": "...", "arguments": {...}}.'}, 400)
        return await run_sync(_submit, run, name, arguments)

    async def label(self, request: Request) -> Response:
        """Give a run a title and a description, which are kept in it."""
        run = await run_sync(self._find, request)
        asked = await self._asked(request, COMMAND_BYTES)
        if isinstance(asked, Response):
            return asked
        await run_sync(write_label, run.path, asked)
        return _json({})

    async def fork(self, request: Request) -> Response:
        """Start a fork from a checkpoint (``starting.AskedFork``); returns the id of the new run."""
        run = await run_sync(self._find, request)
        asked = await self._asked(request, COMMAND_BYTES)
        return asked if isinstance(asked, Response) else _json({"id": await run_sync(self.starter.fork, run, asked)})

    async def draw(self, request: Request) -> Response:
        """Start a training on a drawing (``starting.AskedDrawing``); returns the id of the new run."""
        asked = await self._asked(request, DRAWING_BYTES)
        return asked if isinstance(asked, Response) else _json({"id": await run_sync(self.starter.draw, asked)})

    async def _asked(self, request: Request, most: int) -> dict[str, Any] | Response:
        """The JSON object of a POST request, after checks of its type and size."""
        if self.read_only:
            return _json({"error": "This view is read-only: it was opened with --read-only."}, 403)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _json({"error": "The request must be JSON."}, 415)
        body = b""
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    return _json({"error": f"The request is too large: at most {most} bytes are allowed."}, 413)
        except ClientDisconnect:
            return _json({"error": "The request is incomplete."}, 400)
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        return asked if isinstance(asked, dict) else _json({"error": "The request must be one JSON object."}, 400)

    async def stream(self, request: Request) -> Response:
        """Server-sent events after a cursor: ``events`` (a list), ``reset`` (discard all data), ``gone``; a comment
        every 10 s.
        """
        run = await run_sync(self._find, request)
        if self.streams >= STREAMS_AT_MOST:
            return _json({"error": f"{STREAMS_AT_MOST} views are open already."}, 503)
        cursor = request.headers.get("last-event-id") or request.query_params.get("after", "")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._messages(run, cursor), media_type="text/event-stream", headers=headers)

    async def _messages(self, run: Watched, cursor: str) -> AsyncIterator[str]:
        # There is no queue per client: each reads the shared file at its cursor, so a slow client takes no memory.
        self.streams += 1
        silent = 0.0
        try:
            yield "retry: 1000\n\n"
            while not self.stopping():
                try:
                    delta = await run_sync(self._news, run, cursor)
                except (OSError, UserError):
                    yield "event: gone\ndata: {}\n\n"
                    return
                if delta["reset"]:
                    yield _message("reset", {}, delta["cursor"])
                elif delta["events"]:
                    yield _message("events", delta["events"], delta["cursor"])
                silent = 0.0 if delta["events"] or delta["reset"] else silent + STREAM_SECONDS
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield ": still here\n\n"
                cursor = delta["cursor"]
                await asyncio.sleep(STREAM_SECONDS)
        finally:
            self.streams -= 1

    def _news(self, run: Watched, cursor: str) -> dict[str, Any]:
        run.follower.refresh()
        return self._delta(run, cursor)

    def _delta(self, run: Watched, cursor: str) -> dict[str, Any]:
        try:
            delta = run.follower.after(cursor, EVENTS_AT_ONCE)
        except ValueError:
            delta = run.follower.after("", EVENTS_AT_ONCE)
        events = [_with_version(run, event) for event in delta.events]
        return {"events": events, "cursor": delta.cursor or "", "reset": delta.reset, "more": delta.more}

    def _find(self, request: Request) -> Watched:
        run = self.library.get(request.path_params["id"])
        if run is None:
            raise Missing("The run does not exist; it may have been deleted.")
        return run


def plotly_file() -> Path:
    """Plotly's JavaScript, found without importing the package."""
    spec = find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _unchanging(request: Request, version: str, content: bytes, kind: str) -> Response:
    """An answer that the browser keeps for ever if the request names the version that it was made of."""
    is_named = request.query_params.get("v") == version
    return Response(content, media_type=kind, headers={"cache-control": FOREVER if is_named else "no-store"})


def _with_version(run: Watched, event: Event) -> dict[str, JsonValue]:
    file = frame_file(run.path, event.text) if event.kind == "frame" else None
    return event.as_json() if file is None else {**event.as_json(), "version": file_version(file)}


def _submit(run: Watched, name: str, arguments: dict[str, Any]) -> Response:
    from gannet.runs import commands

    state = run.state()
    if not state.is_live:
        return _json({"error": f"This run is {state}, so it accepts no commands."}, 409)
    return _json({"number": commands.submit(run.path, name, arguments)})


def _message(kind: str, data: Any, cursor: str) -> str:
    return f"event: {kind}\nid: {cursor}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _json(content: Any, status: int = 200) -> Response:
    # Escaped to ASCII: half a surrogate pair, which JSON of a hostile run may hold, has no bytes in UTF-8.
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(text, status, {"cache-control": "no-store"}, "application/json")


def answer_error(request: Request, error: Exception) -> Response:
    """Errors as JSON: 404 if a resource is missing or was deleted, 400 for a user's mistake."""
    return _json({"error": str(error)}, 400 if isinstance(error, UserError) else 404)
