"""Streams of events: they continue from a cursor, beat, end and are bounded."""

from __future__ import annotations

import asyncio
import json
import shutil

from support.serving import client_of, run_id

from gannet.dashboard import api as api_module
from gannet.dashboard.api import Api
from gannet.dashboard.library import Library
from gannet.runs.reader import Run


def messages(api, run, cursor, count):
    async def collect():
        found, source = [], api._messages(run, cursor)
        async for message in source:
            found.append(message)
            if len(found) == count:
                break
        await source.aclose()
        return found

    return asyncio.run(collect())


def test_a_stream_continues_from_its_cursor_and_lets_go(folder):
    library = Library(folder)
    run = library.get(run_id(folder))
    api = Api(library, lambda: False)
    recorded = Run(folder / "first").events()
    newest = recorded[-1].seq
    _, first = messages(api, run, "", 2)
    fields = dict(part.split(": ", 1) for part in first.strip().split("\n"))
    events = json.loads(fields["data"])
    assert [{name: value for name, value in event.items() if name != "version"} for event in events] == [
        event.as_json() for event in recorded
    ]
    assert [event["kind"] for event in events if event.get("version")] == ["frame"] * 31  # of the frame's file
    assert fields["id"].startswith(f"{newest}.")
    _, rest = messages(api, run, f"{newest - 2}", 2)
    assert json.loads(rest.split("data: ")[1]) == [event.as_json() for event in recorded[-2:]]
    _, reset = messages(api, run, f"{newest}.1", 2)
    assert reset.startswith(f"event: reset\nid: {newest}.")
    assert api.streams == 0


def test_a_stream_beats_while_nothing_happens(folder, monkeypatch):
    monkeypatch.setattr(api_module, "HEARTBEAT_SECONDS", 0.2)
    library = Library(folder)
    newest = Run(folder / "first").events()[-1].seq
    assert messages(Api(library, lambda: False), library.get(run_id(folder)), f"{newest}", 2)[1].startswith(":")


def test_a_stream_says_when_its_run_is_gone(folder):
    library = Library(folder)
    run = library.get(run_id(folder))
    shutil.rmtree(folder / "first")
    assert messages(Api(library, lambda: False), run, "", 2)[1].startswith("event: gone")


def test_streams_are_bounded_and_end_with_the_server(folder, monkeypatch):
    monkeypatch.setattr(api_module, "STREAMS_AT_MOST", 0)
    assert client_of(folder).get(f"/api/runs/{run_id(folder)}/stream").status_code == 503
    library = Library(folder)
    assert messages(Api(library, lambda: True), library.get(run_id(folder)), "", 9) == ["retry: 1000\n\n"]
