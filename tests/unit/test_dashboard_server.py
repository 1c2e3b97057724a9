"""The server: who may ask, what it answers, and what happens when a run changes or vanishes meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest
from starlette.testclient import TestClient

from gannet.dashboard import api as api_module
from gannet.dashboard.api import Api
from gannet.dashboard.library import Library, identity_of
from gannet.dashboard.server import View, application
from gannet.errors import UserError
from gannet.runs.lock import RunLock
from gannet.runs.reader import Run

TOKEN, PORT = "the-secret", 8420
HOST = f"127.0.0.1:{PORT}"
ORIGIN = {"origin": f"http://{HOST}"}


@pytest.fixture
def folder(trained, tmp_path):
    """Of runs: ``first``, which ended at step 300."""
    trained("points", tmp_path / "runs" / "first")
    return tmp_path / "runs"


def client_of(folder, *, cookie=True):
    client = TestClient(
        application(folder, TOKEN, PORT, lambda: False), base_url=f"http://{HOST}", follow_redirects=False
    )
    if cookie:
        client.cookies.set(f"gannet-{PORT}", TOKEN)
    return client


@pytest.fixture
def client(folder):
    return client_of(folder)


def run_id(folder, name="first"):
    return identity_of((folder / name).resolve())


def test_the_token_is_taken_once_and_leaves_the_address(folder):
    client = client_of(folder, cookie=False)
    answer = client.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/api/runs", "/static/main.js", "/plotly.js", "/?token=wrong", "/api/runs?token=the-secret", "/nothing"],
)
def test_without_the_token_nothing_is_said(folder, path):
    client = client_of(folder, cookie=False)
    assert client.get(path).status_code == 401
    client.cookies.set(f"gannet-{PORT}", "guess")
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:8420", ""]
)
def test_a_strange_host_is_refused_before_anything_else(client, host):
    for path in ("/", f"/?token={TOKEN}", "/api/runs", "/nothing"):
        assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", f"https://{HOST}", "http://127.0.0.1:1"])
def test_a_post_from_another_page_is_refused(folder, client, origin):
    headers = {"content-type": "application/json"} | ({} if origin is None else {"origin": origin})
    answer = client.post(f"/api/runs/{run_id(folder)}/commands", content='{"name": "pause"}', headers=headers)
    assert answer.status_code == 403
    assert not (folder / "first" / "commands").exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client.request(method, "/api/runs").status_code == 405


@pytest.mark.parametrize("path", ["/", "/api/runs", "/static/main.js", "/nothing", "/?token=wrong"])
def test_every_answer_carries_the_policy(client, path):
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    "path",
    ["/static/../../runs/schema.py", "/static/%2e%2e/api.py", "/static/..%2fapi.py", "/api/runs/..%2f..",
     "/api/runs/first",
     "/api/runs/ID/frames/..%2f..%2frun.json", "/api/runs/ID/frames/run.json", "/api/runs/ID/frames/-1",
     "/api/runs/ID/frames/7"],
)  # fmt: skip
def test_only_listed_files_are_served(folder, client, path):
    assert client.get(path.replace("ID", run_id(folder))).status_code == 404


def test_the_list_names_every_run_and_new_ones_appear(folder, trained, client, monkeypatch):
    monkeypatch.setattr("gannet.dashboard.library.SCAN_SECONDS", 0.0)
    [first] = client.get("/api/runs").json()["runs"]
    assert (first["name"], first["state"], first["step"], first["steps"]) == ("first", "finished", 300, 300)
    trained("killed", folder / "deeper" / "a-new-one")
    assert [run["name"] for run in client.get("/api/runs").json()["runs"]] == ["deeper/a-new-one", "first"]
    assert client.get("/api/runs").json()["runs"][1]["id"] == first["id"]
    shutil.rmtree(folder / "first")
    assert [run["name"] for run in client.get("/api/runs").json()["runs"]] == ["deeper/a-new-one"]
    assert client.get(f"/api/runs/{first['id']}/history").status_code == 404


def test_a_run_is_a_folder_too(folder):
    [run] = client_of(folder / "first").get("/api/runs").json()["runs"]
    assert run["id"] == run_id(folder)


def test_a_damaged_record_hides_one_run_only(folder, trained, client, monkeypatch):
    monkeypatch.setattr("gannet.dashboard.library.SCAN_SECONDS", 0.0)
    trained("killed", folder / "second")
    (folder / "second" / "run.json").write_text("{")
    rows = {run["name"]: run for run in client.get("/api/runs").json()["runs"]}
    assert rows["first"]["state"] == "finished"
    assert rows["second"]["state"] == "damaged"
    assert "run.json" in rows["second"]["problem"]
    assert client.get(f"/api/runs/{run_id(folder, 'second')}").status_code == 400


def test_a_killed_run_differs_from_a_running_one(folder, trained, monkeypatch):
    monkeypatch.setattr("gannet.dashboard.library.SCAN_SECONDS", 0.0)
    trained("killed", folder / "open")
    client = client_of(folder)
    lock = folder / "open" / "lock"

    def state():
        return client.get(f"/api/runs/{run_id(folder, 'open')}").json()["state"]

    # A process number that is in use again is not the trainer.
    lock.write_text(re.sub(r"\d+", str(os.getpid()), lock.read_text(), count=1))
    assert state() == "interrupted"
    held = RunLock(folder / "open")
    assert state() == "running"
    held.release()
    assert state() == "interrupted"
    # The lock of another host cannot be seen: the last event has to be recent.
    lock.write_text("pid 1 on host elsewhere.example\n")
    os.utime(folder / "open" / "events.jsonl")
    assert state() == "running"
    os.utime(folder / "open" / "events.jsonl", (0, 0))
    assert state() == "interrupted"


def test_history_holds_all_that_a_page_begins_with(folder, client):
    run = Run(folder / "first")
    history = client.get(f"/api/runs/{run_id(folder)}/history").json()
    assert [frame[0] for frame in history["frames"]] == list(range(0, 301, 10))
    assert [event["kind"] for event in history["events"]] == [
        "start",
        "checkpoint",
        "checkpoint",
        "checkpoint",
        "finish",
    ]
    series = {one["name"]: (one["steps"], one["values"]) for one in history["series"] if "/" in one["name"]}
    recorded = {name: (steps.tolist(), values.tolist()) for name, (steps, values) in run.terms().items() if "/" in name}
    assert {name: curve for name, curve in series.items() if not name.startswith("vitals/")} == recorded
    assert recorded["discriminator/adversarial"][0] == [50, 100, 150, 200, 250, 300]
    assert client.get(f"/api/runs/{run_id(folder)}/events", params={"after": history["cursor"]}).json()["events"] == []


def unpacked(content):
    assert content[:4] == b"GNF1"
    length = int.from_bytes(content[4:8], "little")
    header = json.loads(content[8 : 8 + length])
    arrays = {}
    for one in header["arrays"]:
        assert (8 + length + one["offset"]) % 8 == 0
        count = int(np.prod(one["shape"]))
        arrays[one["name"]] = np.frombuffer(content, one["type"], count, 8 + length + one["offset"]).reshape(
            one["shape"]
        )
    return arrays


def test_a_frame_of_points_is_exactly_what_was_recorded(folder, client):
    address = f"/api/runs/{run_id(folder)}"
    [step, version], *_ = client.get(f"{address}/history").json()["frames"]
    answer = client.get(f"{address}/frames/{step}?v={version}")
    assert "immutable" in answer.headers["cache-control"]
    with np.load(folder / "first" / "frames" / "000000000.npz") as stored:
        arrays = unpacked(answer.content)
        for name in ("real", "fake", "logits", "extent"):
            np.testing.assert_array_equal(arrays[name], stored[name].astype(np.float32))
    assert client.get(f"{address}/frames/{step}?v=old").headers["cache-control"] == "no-store"


def test_a_frame_of_pictures_is_the_file_itself(folder, trained, client, monkeypatch):
    monkeypatch.setattr("gannet.dashboard.library.SCAN_SECONDS", 0.0)
    trained("images", folder / "pictures")
    answer = client.get(f"/api/runs/{run_id(folder, 'pictures')}/frames/10")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == (folder / "pictures" / "frames" / "000000010.png").read_bytes()


def test_a_damaged_frame_is_one_sentence(folder, client):
    (folder / "first" / "frames" / "000000010.npz").write_bytes(b"not a frame")
    answer = client.get(f"/api/runs/{run_id(folder)}/frames/10")
    assert answer.status_code == 400
    assert "Cannot read the frame" in answer.json()["error"]


def test_a_command_reaches_a_running_run(folder, trained):
    trained("killed", folder / "open")
    address = f"/api/runs/{run_id(folder, 'open')}/commands"
    asked = {"name": "speed", "arguments": {"steps_per_second": 5}}
    lock = RunLock(folder / "open")
    answer = client_of(folder).post(address, json=asked, headers=ORIGIN)
    lock.release()
    assert answer.json() == {"number": 1}
    assert json.loads((folder / "open" / "commands" / "000001.json").read_text()) == asked
    refused = client_of(folder).post(address, json=asked, headers=ORIGIN)
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "This run is interrupted, so it accepts no commands.",
    )


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [("{", "application/json", 400), ("[]", "application/json", 400), ('{"name": 3}', "application/json", 400),
     ('{"name": "go", "arguments": []}', "application/json", 400), ('{"name": "go"}', "text/plain", 415),
     ('{"name": "' + "x" * 70_000 + '"}', "application/json", 413), ('{"name": "go"}', "application/json", 409)],
)  # fmt: skip
def test_a_bad_command_is_refused(folder, client, body, kind, status):
    answer = client.post(f"/api/runs/{run_id(folder)}/commands", content=body, headers=ORIGIN | {"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]
    assert not (folder / "first" / "commands").exists()


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


def test_a_taken_port_is_left_for_a_free_one_unless_it_was_asked_for(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}"):
            View(folder, port)
    first, second = View(folder), View(folder)
    try:
        assert first.port != second.port
        assert first.token != second.token
        assert first.address == f"http://127.0.0.1:{first.port}/?token={first.token}"
    finally:
        first.close()
        second.close()
    with pytest.raises(UserError, match="not a folder"):
        View(folder / "nothing")


SLOW_ANSWERS = """
import json, sys
for number, line in enumerate(sys.stdin):
    asked = json.loads(line)
    if asked["ask"] == "die":
        sys.exit(1)
    answer = {"error": "No."} if asked["ask"] == "refuse" else {"step": 1, "number": number, **asked}
    print(json.dumps(answer), flush=True)
    if asked["ask"] == "last":
        sys.exit(0)
"""


@pytest.fixture
def prober(folder, monkeypatch):
    starts = []
    popen = subprocess.Popen

    def start(command, **pipes):
        starts.append(command)
        return popen([sys.executable, "-c", SLOW_ANSWERS], **pipes)

    monkeypatch.setattr("gannet.dashboard.probe.subprocess.Popen", start)
    return starts


def test_questions_to_a_checkpoint_are_answered_by_another_process_and_kept(folder, client, prober):
    one = f"/api/runs/{run_id(folder)}/probes"
    first = client.get(f"{one}/latent?seed=2&d1=-0.5&other=1").json()
    assert first["arguments"] == {"seed": 2.0, "d1": -0.5}
    assert first["run"] == str((folder / "first").resolve())
    assert client.get(f"{one}/latent?d1=-0.5&seed=2").json() == first
    assert client.get(f"{one}/latent?d1=1&seed=2").json()["number"] == 1
    checkpoints = folder / "first" / "checkpoints"
    shutil.copytree(checkpoints / "step-000000300", checkpoints / "step-000000400")
    assert client.get(f"{one}/latent?seed=2&d1=-0.5").json()["number"] == 2
    assert len(prober) == 1


def test_a_process_that_went_home_is_started_again_and_one_that_dies_is_a_sentence(folder, client, prober):
    one = f"/api/runs/{run_id(folder)}/probes"
    assert client.get(f"{one}/last").status_code == 200
    assert client.get(f"{one}/latent").status_code == 200
    answer = client.get(f"{one}/die")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "The process that draws images ended without an answer.",
    )
    assert client.get(f"{one}/refuse").json()["error"] == "No."
    assert client.get(one).status_code == 200


def test_questions_need_the_token_a_run_a_checkpoint_and_numbers(folder, client, prober):
    one = f"/api/runs/{run_id(folder)}/probes"
    assert client_of(folder, cookie=False).get(one).status_code == 401
    assert client.get("/api/runs/nobody/probes/latent").status_code == 404
    assert client.get(f"{one}/latent?seed=nan").status_code == 400
    shutil.rmtree(folder / "first" / "checkpoints")
    answer = client.get(one)
    missing = "There is no checkpoint yet. These images appear with the first one."
    assert (answer.status_code, answer.json()) == (200, {"questions": [], "step": -1, "problem": missing})
    assert client.get(f"{one}/latent").json() == {"error": missing}
    assert prober == []
