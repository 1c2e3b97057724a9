"""Questions to a checkpoint, which a separate process answers."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from support.serving import client_of, run_id

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
