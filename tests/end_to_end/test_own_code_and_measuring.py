"""Resume is exact for code that draws from any generator, and after an end within a measurement."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from support.real_runs import KILL, Person, train

from gannet.runs.reader import Run
from gannet.sessions.resume import resume
from gannet.training import checkpoint

DRAWING = """
import random

import gannet
import numpy as np
import torch
from gannet.losses.non_saturating import NonSaturating
from gannet.recipes.gan import gan


class Drawing(NonSaturating):
    def generator(self, fake, real):
        noise = random.random() + np.random.rand() + torch.rand(())
        return super().generator(fake * (1 + noise), real)


@gannet.recipe(kind="points")
def drawing(form, *, steps: int = 30, batch_size: int = 8, hidden: int = 8) -> gannet.Experiment:
    return gan(form, steps=steps, batch_size=batch_size, hidden=hidden + int(4 * np.random.rand()), loss=Drawing())
"""


def test_code_that_draws_from_the_generators_of_numpy_and_python_resumes_to_the_bit(tmp_path):
    """The generators of the caller are left as they are."""
    recipe, keys = tmp_path / "drawing.py", {"checkpoint.every": 10, "frames.every": 0, "health.every": 0}
    recipe.write_text(DRAWING)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    for name, person in (("whole", None), ("killed", Person({15: [KILL]}))):
        train(tmp_path / name, recipe=str(recipe), person=person, **keys)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    assert checkpoint.newest_step(tmp_path / "killed/checkpoints") == 10
    random.seed()
    np.random.seed()
    resume(tmp_path / "killed", Person(), recipe_file=str(recipe))
    for name in ("model", "average", "optimizers"):
        file = f"checkpoints/step-000000030/{name}.safetensors"
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


SLOW = """
import sys, time
from pathlib import Path
import gannet.evaluation.evaluate as evaluate
real = evaluate._measure
def slow(*arguments):
    with Path("measuring").open("a") as file:
        file.write("x")
    time.sleep(0.3)
    return real(*arguments)
evaluate._measure = slow
from gannet.__main__ import main
sys.argv = ["gannet", *"{words}".split()]
main()
"""
WORDS = (
    "train ring --recipe gan hidden=8 batch_size=8 measure.every={every} health.every=0 frames.every=0 "
    "checkpoint.every=10 --steps 20 --out run"
)


def values(run: Path) -> list[tuple[int, str, float]]:
    return [(card.step, card.metric, card.value) for card in Run(run).scores()]


@pytest.mark.parametrize(
    ("number", "every"), [(signal.SIGTERM, 10), (signal.SIGKILL, 10), pytest.param(signal.SIGTERM, 20)]
)
def test_an_end_within_a_measurement_is_early_and_leaves_no_gap(gannet, begin, folder, tmp_path, number, every):
    """A default measurement of points has more than ten metrics. The next session measures the step again; the last
    step of a training is left to `gannet measure`.
    """
    process = begin("-c", SLOW.format(words=WORDS.format(every=every)))
    end = time.monotonic() + 120
    while not (folder / "measuring").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate()
    assert len((folder / "measuring").read_text()) <= 2
    assert values(folder / "run") == []
    assert checkpoint.newest_step(folder / "run/checkpoints") == every
    if every == 20:
        assert process.returncode == 0, err
        said = [event.text for event in Run(folder / "run").events() if event.kind == "warning"]
        assert said == ["Not measured: the training was asked to stop. `gannet measure run` measures it."]
        return
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL), err
    answer = gannet("resume", "run")
    assert answer.status == 0, answer.err
    keys = {"hidden": 8, "batch_size": 8, "steps": 20, "measure.every": 10, "health.every": 0, "frames.every": 0}
    train(tmp_path / "whole", seed=0, **keys | {"checkpoint.every": 10})
    assert values(folder / "run") == values(tmp_path / "whole")
    assert {step for step, _, _ in values(folder / "run")} == {10, 20}
