"""The server: who may ask, what it answers, and what happens when a run changes or vanishes meanwhile."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from support.serving import HOST, ORIGIN, PORT, TOKEN, client_of, run_id

from gannet.dashboard.server import View
from gannet.errors import UserError
from gannet.runs.lock import RunLock
from gannet.runs.reader import Run


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


@pytest.mark.parametrize("hosts", [(HOST, "evil.example"), ("evil.example", HOST)])
def test_two_hosts_are_refused(client, hosts):
    assert client.get("/api/runs", headers=[("host", host) for host in hosts]).status_code == 421


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", f"https://{HOST}", "http://127.0.0.1:1"])
def test_a_post_from_another_page_is_refused(folder, client, origin):
    headers = {"content-type": "application/json"} | ({} if origin is None else {"origin": origin})
    answer = client.post(f"/api/runs/{run_id(folder)}/commands", content='{"name": "pause"}', headers=headers)
    assert answer.status_code == 403
    assert not (folder / "first" / "commands").exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(folder, client, method):
    """Before the application is asked, which would answer without the token that the page does not exist."""
    for asking in (client, client_of(folder, cookie=False)):
        answer = asking.request(method, "/api/runs")
        assert (answer.status_code, answer.text) == (405, "Only GET, HEAD and POST are allowed.")


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
    assert [event["kind"] for event in history["events"]] == "start checkpoint checkpoint checkpoint finish".split()
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


def test_the_plan_of_a_frame_costs_what_scipy_says(folder, trained, client, monkeypatch):
    monkeypatch.setattr("gannet.dashboard.library.SCAN_SECONDS", 0.0)
    answer = client.get(f"/api/runs/{run_id(folder)}/frames/0/plan")
    assert answer.status_code == 200
    plan = unpacked(answer.content)
    with np.load(folder / "first" / "frames" / "000000000.npz") as stored:
        fake, real = (stored[name].astype(np.float64)[:500] for name in ("fake", "real"))
    assert len(fake) == len(real) == plan["count"][0]
    distances = cdist(fake, real)
    rows, columns = linear_sum_assignment(distances)
    assert plan["w1"][0] == pytest.approx(distances[rows, columns].mean(), rel=1e-5)
    start, move, share = plan["moves"][:, :2], plan["moves"][:, 2:4], plan["moves"][:, 4]
    assert share.sum() == pytest.approx(1, rel=1e-5)
    assert (share * np.hypot(*move.T)).sum() == pytest.approx(plan["w1"][0], rel=1e-5)
    assert cdist(start, fake).min(axis=1).max() < 1e-5
    assert cdist(start + move, real).min(axis=1).max() < 1e-5
    trained("images", folder / "pictures")
    refused = client.get(f"/api/runs/{run_id(folder, 'pictures')}/frames/10/plan")
    assert (refused.status_code, refused.json()["error"]) == (400, "pictures is a run of images, not of points.")
    assert client.get(f"/api/runs/{run_id(folder)}/frames/77/plan").status_code == 404


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


def test_a_label_is_kept_in_the_run_unless_the_view_is_read_only(folder):
    address = f"/api/runs/{run_id(folder)}/label"
    given = {"title": "Eight of eight", "description": "with a ±"}
    assert client_of(folder).post(address, json=given, headers=ORIGIN).status_code == 200
    assert Run(folder / "first").label.as_json() == given
    [listed] = [run for run in client_of(folder).get("/api/runs").json()["runs"] if run["name"] == "first"]
    assert (listed["title"], listed["description"]) == tuple(given.values())
    for wrong in ({"title": 3}, {"title": "x" * 81}, {"title": "two\nlines"}, {"description": "x" * 301}):
        answer = client_of(folder).post(address, json=wrong, headers=ORIGIN)
        assert answer.status_code == 400, wrong
    refused = client_of(folder, read_only=True).post(address, json={"title": "other"}, headers=ORIGIN)
    assert (refused.status_code, Run(folder / "first").label.title) == (403, "Eight of eight")
    (folder / "first" / "label.json").write_text("{")
    assert Run(folder / "first").label.title == ""
