"""``gannet compare`` as a user runs it: the same runs as by hand, safe to stop, one sentence for what cannot be
compared.
"""

from __future__ import annotations

import json
import shutil
import signal

import numpy as np
import pytest
from PIL import Image
from test_train import _assert_same_bits, _wait_for_checkpoint, _weights

GAN_PAIR = (
    "compare",
    "ring",
    "--recipes",
    "gan,gan-deep",
    "--seeds",
    "0,1",
    "--steps",
    "20",
    "--samples",
    "200",
    "--metrics",
    "w1,modes",
)


def _document(folder, name="c"):
    return json.loads((folder / name / "compare.json").read_text())


def _values(document):
    return [
        (r["recipe"], run["seed"], c["metric"], c["value"])
        for r in document["recipes"]
        for run in r["runs"]
        for c in run["cards"]
    ]


def test_runs_are_ordinary_and_are_used_again(gannet, folder):
    answer = gannet(*GAN_PAIR, "--out", "c", "--json")
    assert answer.status == 0, answer
    document = json.loads(answer.out)
    assert document == _document(folder)
    assert document["complete"]
    assert gannet("train", "ring", "--recipe", "gan-deep", "--steps", "20", "--seed", "1", "--out", "alone").status == 0
    _assert_same_bits(_weights(folder / "alone"), _weights(folder / "c" / "gan-deep" / "seed-1"))
    measured = json.loads(gannet("measure", "alone", "--samples", "200", "--metrics", "w1,modes", "--json").out)[
        "cards"
    ]
    theirs = next(
        run for r in document["recipes"] if r["recipe"] == "gan-deep" for run in r["runs"] if run["seed"] == 1
    )["cards"]
    for one, other in zip(measured, theirs, strict=True):
        assert (one["metric"], one["value"], one["reference"], one["fingerprint"]) == tuple(
            other[name] for name in ("metric", "value", "reference", "fingerprint")
        )

    events = (folder / "c" / "gan" / "seed-0" / "events.jsonl").read_bytes()
    shutil.rmtree(folder / "c" / "gan-deep" / "seed-0")
    again = gannet(*GAN_PAIR, "--out", "c")
    assert again.status == 0, again
    assert again.err.count("is there already") == 3
    assert "gan-deep, seed 0, starts" in again.err
    assert (folder / "c" / "gan" / "seed-0" / "events.jsonl").read_bytes() == events, "a finished run was touched"
    assert _values(_document(folder)) == _values(document)
    assert "All recipes had the same steps" in again.out
    # Two seeds of two recipes under one row of real points, each 240 pixels wide.
    assert Image.open(folder / "c" / "samples.png").size == (2 * 250 + 10, 26 + 3 * (28 + 240 + 10) + 10)


OTHERS = [pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.mark.parametrize("number", [signal.SIGKILL, *OTHERS])
def test_a_stopped_comparison_continues(gannet, begin, folder, number):
    words = "compare ring --recipes gan,gan-deep --seeds 3 --samples 100 --metrics w1 checkpoint.every=20".split()
    small = ("--steps", "200", "batch_size=32")
    process = begin(*words, *small, "--out", "c")
    _wait_for_checkpoint(folder / "c" / "gan-deep" / "seed-3", 20)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -9
    else:
        assert process.returncode == 128 + number
        assert "The same command continues from here" in err
        assert "Traceback" not in err
    assert not _document(folder)["complete"]
    again = gannet(*words, *small, "--out", "c")
    assert again.status == 0, again
    assert "gan, seed 3, is there already" in again.err
    assert "gan-deep, seed 3, continues" in again.err
    assert gannet("train", "ring", "--recipe", "gan-deep", *small, "--seed", "3", "--out", "whole").status == 0
    _assert_same_bits(_weights(folder / "whole"), _weights(folder / "c" / "gan-deep" / "seed-3"))


@pytest.mark.slow
def test_a_run_without_a_checkpoint_starts_again(gannet, folder):
    assert gannet(*GAN_PAIR, "--out", "c").status == 0
    shutil.rmtree(folder / "c" / "gan" / "seed-1" / "checkpoints" / "step-000000020")
    before = _values(_document(folder))
    again = gannet(*GAN_PAIR, "--out", "c")
    assert "gan, seed 1, starts" in again.err
    assert _values(_document(folder)) == before


def test_other_runs_are_refused_and_left_alone(gannet, folder):
    assert gannet(*GAN_PAIR, "--out", "c").status == 0
    record = folder / "c" / "gan" / "seed-0" / "run.json"
    good = record.read_text()
    changed = json.loads(good)
    changed["environment"]["torch"] = "1.0"
    changed["data"]["content_hash"] = "0" * 32

    def refused(*words):
        answer = gannet(*words)
        assert answer.status == 2, answer
        assert len(answer.err.splitlines()) == 1, answer.err
        return answer.err

    record.write_text(json.dumps(changed))
    said = refused(*GAN_PAIR, "--out", "c")
    assert "c/gan/seed-0 holds another run" in said
    assert "environment.torch (1.0 there" in said
    assert "data.content_hash" in said
    record.write_text(good)
    assert "arguments.hidden (128 there, 64 now)" in refused(*GAN_PAIR, "--out", "c", "hidden=64")
    # Trained on by hand: its record still says 20 steps.
    assert gannet("resume", "c/gan/seed-0", "--steps", "25").status == 0
    assert "step 25, beyond the 20" in refused(*GAN_PAIR, "--out", "c")
    shutil.rmtree(folder / "c" / "gan" / "seed-0")
    (folder / "c" / "gan" / "seed-0").mkdir()
    (folder / "c" / "gan" / "seed-0" / "notes.txt").write_text("mine")
    assert "is not a run" in refused(*GAN_PAIR, "--out", "c")
    assert (folder / "c" / "gan" / "seed-0" / "notes.txt").read_text() == "mine"


def test_a_run_stopped_by_its_guard_is_a_row(gannet, folder):
    (folder / "wild.py").write_text(
        "from gannet.recipes.base import recipe\nfrom gannet.recipes.gan import gan\n"
        "from gannet.losses.least_squares import LeastSquares\n\n"
        "@recipe(kind='points')\ndef wild(form, *, steps: int = 5, batch_size: int = 8):\n"
        "    return gan(form, steps=steps, batch_size=batch_size, loss=LeastSquares(a=1e30))\n"
    )
    words = ("compare", "ring", "--seeds", "0,1", "--steps", "5", "--samples", "50", "--metrics", "w1", "--out", "c")
    answer = gannet(*words, "--recipes", "wild.py,gan")
    assert answer.status == 0, answer
    assert "Budgets differ in batch size, points seen" in answer.out
    wild, gan = _document(folder)["recipes"]
    assert [run["status"] for run in wild["runs"]] == ["stopped", "stopped"]
    assert wild["metrics"][0]["mean"] is None
    assert wild["metrics"][0]["worst"] == {"seed": 0, "value": None}
    assert "not finite" in wild["runs"][0]["text"]
    assert gan["metrics"][0]["count"] == 2
    assert "wild, seed 0, was stopped by its guard" in gannet(*words, "--recipes", "wild.py,gan").err
    assert gannet(*words, "--recipes", "wild.py").status == 3, "nothing was compared"


def test_pictures_are_compared(gannet, folder):
    keys = (
        "batch_size=16",
        "data.size=16",
        "frames.count=4",
        "--seeds",
        "0",
        "--steps",
        "2",
        "--samples",
        "20",
        "--metrics",
        "sliced_w",
        "--out",
        "c",
    )
    answer = gannet("compare", "digits", "--recipes", "wgan-gp,lsgan", *keys)
    assert answer.status == 0, answer
    recipes = {r["recipe"]: r for r in _document(folder)["recipes"]}
    assert recipes["wgan-gp"]["samples_seen"] == 2 * 5 * 16  # five critic steps
    assert recipes["lsgan"]["samples_seen"] == 2 * 16
    assert "Budgets differ in images seen" in answer.out
    sheet = np.asarray(Image.open(folder / "c" / "samples.png"))
    assert len(np.unique(sheet)) > 20


def test_python(folder):
    import gannet as library
    from gannet.errors import UserError

    result = library.compare(
        "ring", ["gan"], seeds=[0], steps=3, samples=50, metrics=["w1"], out=folder / "c", keys={"prior.size": 4}
    )
    [summary] = result.summaries()
    assert summary.mean == result.rows[0].cards[0].value
    assert summary.deviation is None
    with pytest.raises(UserError, match=r"prior\.size"):
        library.compare("ring", ["gan"], seeds=[0], steps=3, out=folder / "c")
