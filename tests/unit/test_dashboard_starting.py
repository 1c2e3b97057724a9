"""What the page may start: forks and trainings on drawings; by whom, with what, where it goes, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from test_dashboard_server import HOST, ORIGIN, PORT, TOKEN, run_id

from gannet.dashboard.library import identity_of
from gannet.errors import UserError
from gannet.runs.reader import Run

LINE = {"points": [[0.25, 0.5], [0.75, 0.5]], "width": 0.05}


@pytest.fixture
def folder(trained, tmp_path):
    """Of one run: it continued from step 100 of another, to step 160."""
    trained("forked", tmp_path / "runs" / "first")
    return tmp_path / "runs"


@pytest.fixture
def started(monkeypatch, trained):
    """Calls of the launcher; the run is there at once."""
    calls = []

    def start(data, out, **rest):
        calls.append((data, out, rest))
        if rest.get("steps") == 13:
            raise UserError("Thirteen is not wanted.")
        trained("killed", out)
        return 1

    monkeypatch.setattr("gannet.dashboard.launch.start", start)
    return calls


def client_of(folder, **rest):
    from starlette.testclient import TestClient

    from gannet.dashboard.server import application

    client = TestClient(
        application(folder, TOKEN, PORT, lambda: False, **rest), base_url=f"http://{HOST}", follow_redirects=False
    )
    client.cookies.set(f"gannet-{PORT}", TOKEN)
    return client


def fork(client, folder, **asked):
    return client.post(f"/api/runs/{run_id(folder)}/forks", json=asked, headers=ORIGIN)


def test_a_fork_is_next_to_its_parent_and_is_watched_at_once(folder, started):
    checkpoints = folder / "first" / "checkpoints"
    (checkpoints / ".step-000000150.tmp-7").mkdir()  # of a process that was killed
    shutil.rmtree(checkpoints / "step-000000100")  # the one in origin stays
    client = client_of(folder)
    assert client.get(f"/api/runs/{run_id(folder)}/checkpoints").json() == {"steps": [100, 160]}
    reported = client.get(f"/api/runs/{run_id(folder)}").json()
    decimals = {key: value for key, value in Run(folder / "first").record.arguments.items() if isinstance(value, float)}
    assert reported["numbers"] == decimals
    assert reported["numbers"]["optimizer.generator.lr"] == 0.01
    assert reported["read_only"] is False
    answer = fork(client, folder, step=100, steps=200, changes={"optimizer.generator.lr": 1, "loss.smoothing": 0.25})
    new = folder.resolve() / "first-from-100"
    keys = {"optimizer.generator.lr": 1.0, "loss.smoothing": 0.25}
    assert started == [(f"{folder.resolve() / 'first'}@100", new, {"steps": 200, "keys": keys})]
    assert answer.json() == {"id": identity_of(new)}
    assert answer.json()["id"] in {run["id"] for run in client.get("/api/runs").json()["runs"]}
    fork(client, folder, step=100, steps=200)
    fork(client, folder, step=100, steps=200)
    assert [out.name for _, out, _ in started] == ["first-from-100", "first-from-100-v2", "first-from-100-v3"]


def test_a_key_that_is_none_may_be_edited(trained, tmp_path, started):
    trained("constant", tmp_path / "runs" / "first")
    client = client_of(tmp_path / "runs")
    assert client.get(f"/api/runs/{run_id(tmp_path / 'runs')}").json()["numbers"]["penalty.final"] is None
    fork(client, tmp_path / "runs", step=20, steps=40, changes={"penalty.final": None})
    assert started[0][2]["keys"] == {"penalty.final": "none"}


def test_a_view_of_one_run_watches_its_fork_too(folder, started):
    client = client_of(folder / "first")
    new = folder.resolve() / "first-from-160"
    answer = fork(client, folder, step=160, steps=200)
    assert answer.json() == {"id": identity_of(new)}
    assert sorted(run["name"] for run in client.get("/api/runs").json()["runs"]) == ["first", "first-from-160"]


def test_a_drawing_is_kept_and_trained_on(folder, started):
    client = client_of(folder)
    asked = {"strokes": [LINE], "count": 100, "recipe": "particle_gan", "steps": 30}
    answer = client.post("/api/drawings", json=asked, headers=ORIGIN)
    [(data, out, rest)] = started
    assert rest == {"recipe": "particle-gan", "steps": 30}
    [file] = (folder / "drawings").iterdir()
    assert str(file.resolve()) == data
    assert out == folder.resolve() / f"{file.stem}-particle-gan"
    assert answer.json() == {"id": identity_of(out)}
    names = {recipe["name"]: recipe["summary"] for recipe in client.get("/api/recipes").json()["recipes"]}
    assert {"gan", "particle-gan", "lsgan", "wgan-gp"} <= names.keys()
    assert not {"dcgan", "cgan", "infogan"} & names.keys()
    assert all(names.values())


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"step": 5}, "steps: Field required"), ({"step": "5", "steps": 9}, "step: should be a valid integer"),
     ({"step": 5, "steps": 9, "out": "/"}, "out: Extra inputs are not permitted"),
     ({"step": 5, "steps": 9, "changes": {"loss": 1}}, "'loss' is not a number"),
     ({"step": 5, "steps": 9, "changes": {"optimizer.generator.lr": "x"}}, "should be a valid number"),
     ({"step": 5, "steps": 13}, "Thirteen is not wanted.")],
)  # fmt: skip
def test_a_bad_fork_is_one_sentence(folder, started, asked, says):
    answer = fork(client_of(folder), folder, **asked)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert [path.name for path in folder.iterdir()] == ["first"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"strokes": [], "recipe": "gan"}, "strokes"), ({"strokes": [LINE], "recipe": "dcgan"}, "'dcgan' does not train "
                                                                                             "on points"),
     ({"strokes": [LINE], "recipe": "/tmp/mine.py"}, "does not train on points"),
     ({"strokes": [{"points": [[2, 0]]}], "recipe": "gan"}, "drawing cannot be used"),
     ({"strokes": [LINE], "recipe": "gan", "steps": 0}, "steps: should be greater")],
)  # fmt: skip
def test_a_bad_drawing_is_one_sentence(folder, started, asked, says):
    answer = client_of(folder).post("/api/drawings", json=asked, headers=ORIGIN)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert started == []
    assert [path.name for path in folder.iterdir()] == ["first"]


@pytest.mark.parametrize("address", ["/api/drawings", "/api/runs/{}/forks", "/api/runs/{}/commands"])
def test_only_the_own_page_with_the_token_may_start_anything(folder, started, address):
    client, path = client_of(folder), address.format(run_id(folder))
    asked = {"strokes": [LINE], "recipe": "gan"} if "drawings" in address else {"step": 5, "steps": 20}
    assert client.post(path, json=asked).status_code == 403
    assert client.post(path, json=asked, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post(path, json=asked, headers=ORIGIN | {"host": "evil.example"}).status_code == 421
    assert client.post(path, content="{}", headers=ORIGIN | {"content-type": "text/plain"}).status_code == 415
    client.cookies.clear()
    assert client.post(path, json=asked, headers=ORIGIN).status_code == 401
    looking = client_of(folder, read_only=True)
    answer = looking.post(path, json=asked, headers=ORIGIN)
    assert answer.status_code == 403
    assert "--read-only" in answer.json()["error"]
    assert looking.get("/api/runs").json()["read_only"] is True
    assert started == []
    assert [path.name for path in folder.iterdir()] == ["first"]


def test_one_training_is_started_at_a_time(folder, trained, monkeypatch):
    from gannet.dashboard.library import Library
    from gannet.dashboard.starting import Starter

    starter = Starter(Library(folder))
    run = starter.library.get(run_id(folder))
    refused = []

    def start(data, out, **rest):
        with pytest.raises(UserError, match="Another training is being started"):
            starter.fork(run, {"step": 10, "steps": 20})
        refused.append(out)
        trained("killed", out)

    monkeypatch.setattr("gannet.dashboard.launch.start", start)
    starter.fork(run, {"step": 5, "steps": 20})
    starter.fork(run, {"step": 5, "steps": 20})
    assert len(refused) == 2


def test_the_server_never_holds_torch(tmp_path):
    code = f"""
import sys
from pathlib import Path
from gannet.dashboard.starting import recipes_for_points
from gannet.data.drawing import save_drawing
import gannet.dashboard.server, gannet.dashboard.api
list(recipes_for_points())
save_drawing(Path({str(tmp_path)!r}), [{LINE!r}])
print([name for name in ("torch", "scipy", "sklearn", "matplotlib", "plotly") if name in sys.modules])
"""
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
