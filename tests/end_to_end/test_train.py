"""Training, resuming, sampling, measuring and reporting as a user does it."""

from __future__ import annotations

import json
import os
import signal
import time

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

LONG = ("train", "ring", "--recipe", "gan", "--steps", "400000", "--out", "run")


def _weights(run):
    newest = sorted((run / "checkpoints").iterdir())[-1]
    return {f"{file.stem}/{k}": v for file in newest.glob("*.safetensors") for k, v in load_file(file).items()}


def _assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert one[name].tobytes() == other[name].tobytes(), name


def _wait_for_checkpoint(run, least):
    for _ in range(1200):
        found = [p for p in run.glob("checkpoints/step-*") if ".tmp" not in p.name and int(p.name[5:]) >= least]
        if found:
            return
        time.sleep(0.1)
    raise AssertionError("no checkpoint in two minutes")


@pytest.fixture
def digits_keys():
    return ["batch_size=16", "data.size=16", "frames.count=4"]


def test_a_user_trains_measures_samples_and_reports(gannet, installed, folder):
    answer = installed("train", "ring", "--recipe", "gan", "--steps", "60", "--out", "run", "frames.every=20")
    assert answer.status == 0, answer
    assert "60 steps" in answer.err
    assert "Next: gannet measure run && gannet report run" in answer.err
    assert "discriminator/adversarial" in answer.err
    record = json.loads((folder / "run" / "run.json").read_text())
    assert record["recipe"] == "gan"
    assert record["arguments"]["steps"] == 60
    assert [p.name for p in sorted((folder / "run" / "frames").iterdir())] == [f"{s:09d}.npz" for s in (0, 20, 40, 60)]

    answer = gannet("measure", "run", "--json", "--samples", "400")
    assert answer.status == 0, answer
    document = json.loads(answer.out)
    cards = {card["metric"]: card for card in document["cards"]}
    assert set(cards) | {sentence.split()[0] for sentence in document["skipped"]} == {
        "modes", "high_quality", "reverse_kl", "spread", "w1", "w2", "sliced_w", "js", "kl_data_model", "kl_model_data",
    }  # fmt: skip
    assert all(card["reference"] is not None and len(card["fingerprint"]) == 8 for card in cards.values())
    assert cards["high_quality"]["reference"] > 0.97

    assert gannet("sample", "run", "-n", "100", "-o", "points.npz").status == 0
    points = np.load(folder / "points.npz")["samples"]
    assert points.shape == (100, 2)
    assert points.dtype == np.float32
    assert gannet("sample", "run", "-o", "points.png").status == 0
    assert Image.open(folder / "points.png").size[0] >= 400

    assert gannet("report", "run", "-o", "r.html", "--gif", "t.gif").status == 0
    assert Image.open(folder / "t.gif").n_frames == 4
    page = (folder / "r.html").read_text()
    assert "sliced-w" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("data", "recipe", "steps"), [("points.csv", "gan", 40), pytest.param("digits", "dcgan", 4, marks=pytest.mark.slow)]
)
def test_measuring_and_pictures_do_not_change_training(gannet, folder, digits_keys, data, recipe, steps):
    """Weights, averages and optimizers, bit for bit: never measured, or in the middle and at the end."""
    # Few points, because measuring takes time that increases with their number.
    np.savetxt(folder / "points.csv", np.random.default_rng(0).normal(size=(300, 2)), delimiter=",")
    keys = digits_keys if data == "digits" else ["hidden=16"]
    every = steps // 2
    words = ["train", data, "--recipe", recipe, "--steps", steps, *keys]
    assert gannet(*words, "--out", "quiet", "frames.every=0", "checkpoint.every=0").status == 0
    assert (
        gannet(
            *words,
            "--out",
            "loud",
            f"frames.every={steps // 4}",
            "checkpoint.every=3",
            f"measure.every={every}",
        ).status
        == 0
    )
    assert {name.split("/")[0] for name in _weights(folder / "loud")} == {"model", "average", "optimizers"}
    _assert_same_bits(_weights(folder / "quiet"), _weights(folder / "loud"))
    scores = [json.loads(line) for line in (folder / "loud" / "scores.jsonl").read_text().splitlines()]
    assert {card["step"] for card in scores} == {every, steps}


@pytest.mark.parametrize(
    ("data", "recipe"),
    [("ring", "gan"), ("digits", "dcgan"), pytest.param("digits", "wgan-gp", marks=pytest.mark.slow)],
)
def test_resume_is_exact(gannet, folder, digits_keys, data, recipe):
    """Another process resumes, so that nothing that only the first one knew can help."""
    keys = [*(digits_keys if data == "digits" else []), "frames.every=0", "health.every=0"]
    steps = {"gan": 20, "dcgan": 3, "wgan-gp": 2}[recipe]
    assert gannet("train", data, "--recipe", recipe, "--steps", 2 * steps, "--out", "whole", *keys).status == 0
    assert gannet("train", data, "--recipe", recipe, "--steps", steps, "--out", "half", *keys).status == 0
    assert gannet("resume", "half", "--steps", 2 * steps).status == 0
    _assert_same_bits(_weights(folder / "whole"), _weights(folder / "half"))


@pytest.mark.parametrize(
    ("data", "recipe", "steps"), [("ring", "gan", 500), pytest.param("digits", "dcgan", 20, marks=pytest.mark.slow)]
)
def test_a_killed_run_resumes_exactly(gannet, begin, folder, digits_keys, data, recipe, steps):
    keys = [
        *(digits_keys if data == "digits" else ["hidden=32"]),
        f"checkpoint.every={steps // 10}",
        f"frames.every={steps // 4}",
    ]
    words = ["train", data, "--recipe", recipe, "--steps", str(steps), *keys]
    assert gannet(*words, "--out", "whole").status == 0
    process = begin(*words, "--out", "killed")
    _wait_for_checkpoint(folder / "killed", steps // 10)
    process.kill()
    process.communicate()
    answer = gannet("resume", "killed")
    assert answer.status == 0, answer
    _assert_same_bits(_weights(folder / "whole"), _weights(folder / "killed"))
    for frame in sorted((folder / "whole" / "frames").iterdir()):
        assert frame.read_bytes() == (folder / "killed" / "frames" / frame.name).read_bytes()
    events = [json.loads(line) for line in (folder / "killed" / "events.jsonl").read_text().splitlines()]
    steps_seen = [e["step"] for e in events if e["kind"] == "terms"]
    assert steps_seen == sorted(set(steps_seen)), "a step is recorded twice"
    assert steps_seen == (list(range(50, steps + 1, 50)) or [steps])


def test_a_signal_stops_cleanly_and_resume_continues(gannet, begin, folder):
    process = begin(*LONG, "checkpoint.every=200")
    _wait_for_checkpoint(folder / "run", 200)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "gannet resume run" in err
    assert "Traceback" not in err
    step = int(sorted(os.listdir(folder / "run" / "checkpoints"))[-1][5:])
    answer = gannet("resume", "run", "--steps", step + 10)
    assert answer.status == 0, answer


def test_a_damaged_checkpoint_falls_back_loudly(gannet, folder):
    gannet("train", "ring", "--recipe", "gan", "--steps", "40", "--out", "run", "checkpoint.every=20")
    newest = sorted((folder / "run" / "checkpoints").iterdir())[-1]
    file = newest / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    answer = gannet("resume", "run")
    assert answer.status == 0, answer
    assert "model.safetensors in step-000000040 is damaged" in answer.err
    assert "step-000000020" in answer.err


def test_a_checkpoint_of_other_networks_is_refused(gannet, folder):
    gannet("train", "ring", "--recipe", "gan", "--steps", "10", "--out", "run")
    record = json.loads((folder / "run" / "run.json").read_text())
    record["arguments"]["hidden"] = 64
    (folder / "run" / "run.json").write_text(json.dumps(record))
    for words, sentence in (
        (["resume", "run", "--steps", "12"], "hidden was 128 and is 64"),
        (["sample", "run"], "does not fit the recipe's networks"),
    ):
        answer = gannet(*words)
        assert answer.status == 2, answer
        assert sentence in answer.err
        assert "Traceback" not in answer.err


def test_a_finished_run_says_so(gannet):
    gannet("train", "ring", "--recipe", "gan", "--steps", "10", "--out", "run")
    answer = gannet("resume", "run")
    assert answer.status == 0
    assert "already" in answer.err


def test_a_longer_schedule_is_said_to_be_another_run(gannet):
    gannet("train", "ring", "--steps", "10", "--out", "run", "hidden=8", "prior.count=64")
    assert "schedule now ends at step 12" in gannet("resume", "run", "--steps", "12").err


def test_the_guard_stops_with_status_3(gannet, folder):
    # (D(x) - 1e30)^2 does not fit into a float32.
    answer = gannet(
        "train", "ring", "--recipe", "gan", "--steps", "40", "--out", "run", "loss=least-squares", "loss.a=1e30"
    )
    assert answer.status == 3, answer
    assert "not finite" in answer.err
    assert "Traceback" not in answer.err
    assert '"kind":"stop"' in (folder / "run" / "events.jsonl").read_text()


def test_pictures_of_mixed_sizes_and_kinds_train_with_one_command(gannet, folder):
    (folder / "mine" / "cats").mkdir(parents=True)
    (folder / "mine" / "dogs").mkdir()
    rng = np.random.default_rng(0)
    for i in range(24):
        size = (30 + 5 * (i % 4), 40 + 3 * (i % 5), 3)
        kind = "cats" if i % 2 else "dogs"
        Image.fromarray(rng.integers(0, 255, size, dtype=np.uint8)).save(
            folder / "mine" / kind / f"{i}.{'jpg' if i % 3 else 'png'}"
        )
    answer = gannet("train", "mine", "--steps", "3", "batch_size=4", "data.size=32", "--out", "run")
    assert answer.status == 0, answer
    assert gannet("sample", "run", "-n", "4", "-o", "grid.png").status == 0
    answer = gannet("measure", "run", "--json", "--samples", "12", "--metrics", "sliced_w")
    assert json.loads(answer.out)["cards"][0]["metric"] == "sliced_w"


def test_labels_choose_what_is_sampled(gannet, folder, digits_keys):
    assert gannet("train", "digits", "--recipe", "cgan", "--steps", "3", "--out", "run", *digits_keys).status == 0
    assert gannet("sample", "run", "-n", "20", "--label", "7", "-o", "sevens.npz").status == 0
    arrays = np.load(folder / "sevens.npz")
    assert arrays["samples"].shape == (20, 16, 16, 1)
    assert arrays["samples"].dtype == np.uint8
    assert set(arrays["labels"]) == {7}
    answer = gannet("sample", "run", "--label", "eleven")
    assert answer.status == 2
    assert "no such class" in answer.err
    assert gannet("sample", "run", "--interpolate", "-o", "walk.png").status == 0


def test_codes_are_traversed(gannet, folder, digits_keys):
    assert (
        gannet(
            "train", "digits", "--recipe", "infogan", "--steps", "2", "--out", "run", "codes.continuous=1", *digits_keys
        ).status
        == 0
    )
    walked = gannet("sample", "run", "--traverse", "-o", "walk.png")
    assert walked.status == 0
    assert "3 rows for each code (" in walked.err + walked.out
    # Two codes of three rows each: 6 rows of 10 columns, with labels at the left.
    width, height = Image.open(folder / "walk.png").size
    assert 1.6 < width / height < 2
    both = gannet("sample", "run", "--traverse", "--interpolate")
    assert both.status == 2
    assert "one of them" in both.err
    assert gannet("train", "ring", "--recipe", "gan", "--steps", "2", "--out", "plain").status == 0
    refused = gannet("sample", "plain", "--traverse", "-o", "plain.png")
    assert refused.status == 2
    assert "no latent codes" in refused.err
    assert not (folder / "plain.png").exists()


def test_few_labels_train_and_are_measured(gannet, folder, digits_keys):
    refused = gannet("train", "digits", "--recipe", "dcgan", "data.labels=50", "--out", "run")
    assert refused.status == 2
    assert "without a label" in refused.err
    assert not (folder / "run").exists()
    keys = ("data.labels=50", *digits_keys)
    assert gannet("train", "digits", "--recipe", "semi-supervised", "--steps", "5", "--out", "run", *keys).status == 0
    cards = json.loads(gannet("measure", "run", "--json", "--samples", "50").out)["cards"]
    accuracy = next(card for card in cards if card["metric"] == "accuracy")
    assert accuracy["n_real"] == 1797
    assert 0 <= accuracy["value"] <= 1


def test_a_recipe_of_ones_own(gannet, folder):
    (folder / "mine.py").write_text(
        "from gannet.recipes.base import recipe\nfrom gannet.recipes.gan import gan\n\n"
        "@recipe(kind='points')\ndef mine(form, *, steps: int = 5, batch_size: int = 8):\n"
        "    print('EXECUTED')\n    return gan(form, steps=steps, batch_size=batch_size)\n"
    )
    assert gannet("train", "ring", "--recipe", "mine.py", "--out", "run").status == 0
    refused = gannet("resume", "run", "--steps", "8")
    assert refused.status == 2
    assert "--recipe mine.py" in refused.err
    assert "EXECUTED" not in refused.out
    assert gannet("resume", "run", "--steps", "8", "--recipe", "mine.py").status == 0


def test_python_and_command_line_make_the_same_run(gannet, folder):
    import gannet as library

    run = library.train(
        "ring", recipe="gan", steps=20, seed=3, out=folder / "python", keys={"optimizer.generator.lr": 1e-4}
    )
    gannet(
        "train",
        "ring",
        "--recipe",
        "gan",
        "--steps",
        "20",
        "--seed",
        "3",
        "--out",
        "command",
        "optimizer.generator.lr=1e-4",
    )
    _assert_same_bits(_weights(folder / "python"), _weights(folder / "command"))
    samples, labels = run.sample(50)
    assert samples.shape == (50, 2)
    assert labels is None
    cards, _ = run.measure(["sliced_w"], samples=50)
    assert cards[0].value > 0
    assert run.animate(folder / "a.gif").stat().st_size > 0


def test_list_and_data_info(gannet):
    answer = gannet("list", "recipes")
    assert answer.status == 0
    assert "wgan-gp" in answer.out
    info = gannet("data", "info", "digits", "data.classes=3,7").out
    assert "8" in info
    assert "class    3  183" in info  # scikit-learn's digits hold 183 threes
