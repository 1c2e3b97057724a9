"""A server of a folder with one finished run, and a client that may ask it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from gannet.dashboard.library import identity_of
from gannet.dashboard.server import application

TOKEN, PORT = "the-secret", 8420
HOST = f"127.0.0.1:{PORT}"
ORIGIN = {"origin": f"http://{HOST}"}


@pytest.fixture
def folder(trained, tmp_path):
    """Of runs: ``first``, which ended at step 300."""
    trained("points", tmp_path / "runs" / "first")
    return tmp_path / "runs"


def client_of(folder, *, cookie=True, read_only=False):
    client = TestClient(
        application(folder, TOKEN, PORT, lambda: False, read_only=read_only),
        base_url=f"http://{HOST}",
        follow_redirects=False,
    )
    if cookie:
        client.cookies.set(f"gannet-{PORT}", TOKEN)
    return client


@pytest.fixture
def client(folder):
    return client_of(folder)


def run_id(folder, name="first"):
    return identity_of((folder / name).resolve())
