"""What another program of this machine, or a damaged run, can do to the live view: nothing."""

from __future__ import annotations

import http.client
import os
import socket
import time
from contextlib import suppress
from urllib.parse import quote

import pytest
from support.page import Server

from gannet.dashboard.library import identity_of
from gannet.dashboard.server import CONNECTIONS_AT_MOST


@pytest.fixture(scope="module")
def folder(trained_once, tmp_path_factory):
    """A folder of runs: a good one, whose frames are partly links that lead elsewhere."""
    import shutil

    root = tmp_path_factory.mktemp("attacked")
    shutil.copytree(trained_once("points"), root / "good")
    secret = root / "secret.npz"
    shutil.copy(next((root / "good" / "frames").iterdir()), secret)
    os.symlink(secret, root / "good" / "frames" / "000099999.npz")
    return root


@pytest.fixture(scope="module")
def server(folder):
    begun = Server(folder)
    begun.start()
    yield begun
    begun.kill()


def ask(server, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)  # a probe imports torch
    cookie = {"cookie": f"gannet-{server.port}={server.token}"}
    connection.request(method, path, body, cookie | (headers or {}))
    answer = connection.getresponse()
    return answer.status, answer.read()


NUMBERS = [
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e400",
    "nan",
    "inf",
    "9" * 25,
    "9" * 5000,
    "١٢",
    "0x10",
    "1_000",
    "%00",
    "",
    " ",
    "٣.٥",
    "-0.0",
    "1e-400",
]
PLACES = [
    "/api/runs/{id}/frames/{n}", "/api/runs/{id}/slow/{n}", "/api/runs/{id}/history?from={n}&to={n}",
    "/api/runs/{id}/events?after={n}",
    "/api/runs/{id}/probes?seed={n}", "/api/runs/{id}/probes/latent-plane?d1={n}&d2={n}&seed={n}", "/api/runs/{n}",
    "/static/{n}",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_odd_numbers_are_never_a_fault_of_the_server(server, folder, place):
    run = identity_of((folder / "good").resolve())
    for number in NUMBERS:
        status, content = ask(server, place.format(id=run, n=quote(number, safe="%")))
        assert status < 500, (number, status, content[:200])


def test_a_link_that_leads_out_of_the_run_is_not_served(server, folder):
    run = identity_of((folder / "good").resolve())
    assert ask(server, f"/api/runs/{run}/frames/0")[0] == 200
    assert ask(server, f"/api/runs/{run}/frames/99999")[0] == 404


@pytest.mark.slow
def test_a_request_that_does_not_arrive_in_time_is_dropped(server):
    clients = {what: half_open(server, what) for what in HALF_OPEN}
    for what, client in clients.items():
        answer = b""
        with suppress(ConnectionResetError):
            while part := client.recv(4096):
                answer += part
        assert answer.startswith(b"HTTP/1.1 421") == (what == "half a second request"), what
        client.close()


BODIES = [
    b"",
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"name": 1e999}',
    b"null",
    b'{"name": "set", "arguments": {"key": "' + b"a" * 60_000 + b'"}}',
]


@pytest.mark.parametrize("place", ["commands", "forks"])
@pytest.mark.parametrize("body", BODIES)
def test_odd_bodies_are_bad_requests(server, folder, place, body):
    run = identity_of((folder / "good").resolve())
    headers = {"content-type": "application/json", "origin": f"http://127.0.0.1:{server.port}"}
    status, _ = ask(server, f"/api/runs/{run}/{place}", "POST", body, headers)
    assert 400 <= status < 500


HALF_OPEN = {
    "nothing": "",
    "half a header": "GET / HTTP/1.1\r\nHost: ",
    "half a body": "POST /api/drawings HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
    "Cookie: gannet-{port}={token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
    "half a second request": "GET /static/main.js HTTP/1.1\r\nHost: x\r\n\r\nGET",
}
"""A body is awaited only of a client with the token."""


def half_open(server, what):
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    client.sendall(HALF_OPEN[what].format(port=server.port, token=server.token).encode())
    return client


@pytest.mark.parametrize("what", HALF_OPEN)
def test_half_open_requests_do_not_lock_the_owner_out(server, what):
    """More clients than the server serves at once connect and send a part of a request, or nothing."""
    clients = [half_open(server, what) for _ in range(CONNECTIONS_AT_MOST + 50)]
    try:
        time.sleep(0.3)
        assert ask(server, "/api/runs")[0] == 200
    finally:
        for client in clients:
            client.close()


def test_a_damaged_run_is_a_row(server, folder):
    import json
    import shutil

    shutil.copytree(folder / "good", folder / "bad")
    for content in (
        b"{",
        b"[]",
        b"{}",
        b'{"version": 1, "arguments": 3, "data": null, "recipe": 7}',
        b"\xff\x00",
        b'{"version": 9999}',
    ):
        (folder / "bad" / "run.json").write_bytes(content)
        deadline = time.monotonic() + 20
        while True:  # the folder is searched again after a second
            status, answer = ask(server, "/api/runs")
            assert status == 200
            rows = {row["name"]: row for row in json.loads(answer)["runs"]}
            if "bad" in rows or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        assert rows["good"]["state"] == "finished"
        assert rows["bad"]["state"] == "damaged", content
        assert rows["bad"]["problem"]
    shutil.rmtree(folder / "bad")
