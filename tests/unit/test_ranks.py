"""One training on several processes computes what one process computes."""

import json
import multiprocessing
import os
from itertools import product
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from support import sharded_recipes, spread_recipes
from torch.nn import functional

from gannet.cli import run
from gannet.errors import TrainingStopped, UserError
from gannet.ranks.gradients import average
from gannet.ranks.group import ALONE, Ranks, current, join
from gannet.ranks.whole import together, whole


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


DRAWS = {
    "rand": lambda n: torch.rand(n, 2, generator=seeded()),
    "randn": lambda n: torch.randn((n, 2), generator=seeded()),
    "randint": lambda n: torch.randint(-5, 99, torch.Size([n]), generator=seeded()),
    "randint size": lambda n: torch.randint(99, size=(n, 3), generator=seeded()),
    "in place": lambda n: torch.empty(n, 2).normal_(generator=seeded()),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=list(DRAWS))
def test_a_draw_of_a_rank_is_its_part_of_the_whole_draw(draw):
    with together(Ranks(1, 3), 4):
        one, both = draw(4), draw(8)
    assert one.equal(draw(12)[4:8])
    assert both.equal(draw(24)[[4, 5, 6, 7, 16, 17, 18, 19]])  # reals and fakes, one after the other
    outside = draw(5)
    with together(Ranks(1, 3), 4):
        assert draw(5).equal(outside)  # not a number of batches, so all ranks draw the same


@pytest.mark.parametrize("shape", [(12, 6), (12, 3, 5, 4)])
def test_masks_and_noise_of_the_default_generator(shape):
    values = torch.randn(shape)
    if len(shape) == 4:
        values = values.contiguous(memory_format=torch.channels_last)
    for act in (lambda x: functional.dropout(x, 0.4), torch.randn_like):
        torch.manual_seed(5)
        expected = act(values)[8:]
        torch.manual_seed(5)
        with together(Ranks(2, 3), 4):
            assert act(values[8:]).equal(expected)


def test_one_process_and_the_outside_of_a_turn_change_nothing():
    values = torch.ones(3)
    assert whole(values) is values
    with together(ALONE, 3):
        assert whole(values) is values
    assert ALONE.mine(values) is values
    assert ALONE.largest(7) == 7


def _rank(rank: int, folder: str) -> None:
    """A process of the test below."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    ranks = current()
    found = {"gradients": _averaged(ranks), "equal": [ranks.all_equal("ab"), ranks.all_equal("ab"[rank])]}
    found["largest"] = ranks.largest(rank * 4)
    if rank == 0:
        ranks.tell({"path": "ü"})
    else:
        found["heard"] = ranks.hear()
    spread_recipes.compute_in_double()
    found["stopped"] = _stopped(ranks)
    found["recipes"] = [spread_recipes.compared(*case, ranks, steps=2) for case in QUICK]
    found["ten steps"] = [spread_recipes.compared(*case, ranks, steps=10) for case in NAMED]
    found["batch norm"] = [_batch_norm(ranks, *case) for case in product(*NORMS)]
    found["sharded"] = [sharded_recipes.compared(*case, ranks, steps=2) for case in SHARDED]
    Path(folder, f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()
    os._exit(0)  # without the exit handlers of pytest


def _stopped(ranks: Ranks) -> str:
    """The error of a step after a parameter of rank 1 became infinite."""
    trainer = spread_recipes.trained("gan", "points", ranks, steps=1)
    if ranks.rank == 1:
        with torch.no_grad():
            next(trainer.game.parameters()).fill_(torch.inf)
    try:
        trainer.play()
    except TrainingStopped as stopped:
        return str(stopped).partition(":")[0]
    return ""


def _averaged(ranks: Ranks) -> list[list[float] | None]:
    weights = [
        torch.nn.Parameter(torch.zeros(2, dtype=dtype)) for dtype in (torch.float32, torch.float64, torch.float32)
    ]
    weights[1].grad = torch.full((2,), 1.0 + ranks.rank, dtype=torch.float64)
    if ranks.rank == 0:
        weights[0].grad = torch.tensor([2.0, 4.0])
    values = average(ranks, weights, [torch.tensor(3.0 * ranks.rank)])
    return [*(None if w.grad is None else w.grad.tolist() for w in weights), [value.item() for value in values]]


NORMS = ([(8, 6), (8, 6, 5), (8, 6, 4, 4)], [False, True], [False, True])
"""Shapes, with parameters or without, and with a second derivative or without."""


def _batch_norm(ranks: Ranks, shape: tuple[int, ...], has_parameters: bool, is_twice: bool) -> float:
    """The largest difference between one process and the ranks, of outputs, gradients and running statistics."""
    torch.manual_seed(0)
    batch = 2 * torch.randn(shape) + 3
    if len(shape) == 4:
        batch = batch.contiguous(memory_format=torch.channels_last)
    parameters = [torch.rand(6) + 0.5, torch.randn(6)] if has_parameters else []
    found = []
    for those in (ALONE, ranks):
        leaves = [tensor.clone().requires_grad_() for tensor in (those.mine(batch), *parameters)]
        running = torch.zeros(6), torch.ones(6)
        with together(those, 4):
            normal = torch.nn.functional.batch_norm(leaves[0], *running, *leaves[1:], training=True)
            loss = normal.tanh().pow(3).sum()
            if is_twice:
                [gradient] = torch.autograd.grad(loss, leaves[0], create_graph=True)
                loss = loss + gradient.pow(3).sum()
            of_batch, *of_parameters = torch.autograd.grad(loss, leaves)
        if those is ALONE:
            normal, of_batch = ranks.mine(normal), ranks.mine(of_batch)
        else:
            of_parameters = [ranks.summed(gradient) for gradient in of_parameters]
        found.append([normal, of_batch, *of_parameters, *running])
    return max(float((one - other).abs().max()) for one, other in zip(*found, strict=True))


QUICK = [("gan", "points"), ("improved-gan", "points"), ("ragan", "points"), ("ada", "images")]
"""Means over samples; batch norm and minibatch discrimination; a loss that compares samples."""

NAMED = [("gan", "points"), ("dcgan", "images"), ("wgan-gp", "points"), ("bigan", "images"), ("particle-gan", "points")]
"""Recipes whose differences by step are on docs/scale.md."""

SHARDED = [("wgan-gp", "points"), ("improved-gan", "points")]
"""Second derivatives; batch norm, parameters that differ in their number of rows, a penalty on parameters."""


def test_two_processes_train_what_one_trains(tmp_path):
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_rank, args=(rank, str(tmp_path))) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first["gradients"] == second["gradients"] == [[1.0, 2.0], [1.5, 1.5], None, [1.5]]
    assert first["equal"] == second["equal"] == [True, False]
    assert first["largest"] == second["largest"] == 4
    assert second["heard"] == {"path": "ü"}
    assert first["stopped"] == second["stopped"] == "Step 1"
    for result in first["recipes"]:
        assert result["others"] == {}, result
        assert result["ranks_equal"], result
    for result in first["ten steps"]:
        assert result["largest"] < 1e-9, result
        assert result["ranks_equal"], result
    assert len(first["batch norm"]) == 12
    assert max(first["batch norm"]) < 1e-12
    for result in first["sharded"]:
        assert result["others"] == {}, result
        assert result["optimizers"] < 1e-9
        assert result["share"] < 0.6, result


def test_what_cannot_be_spread_is_refused_in_one_sentence():
    trainer = spread_recipes.trained("unrolled", "points", ALONE, steps=0)
    with pytest.raises(UserError, match="cannot be trained on 2 processes, because its unrolled steps"):
        trainer.spread(Ranks(0, 2))
    trainer = spread_recipes.trained("pacgan4", "points", ALONE, steps=0)
    with pytest.raises(UserError, match=r"in packs of 4\. Set batch_size to a multiple of 8"):
        trainer.spread(Ranks(0, 2))


REFUSED = [
    (["--recipe", "gan", "--devices", "0"], "--devices 0: this machine has"),
    (["--recipe", "gan", "--devices", "9999"], "--devices 9999: this machine has"),
    (["--recipe", "gan", "--device", "cpu", "--devices", "9999"], "--devices 9999: this machine has"),
    (["--recipe", "gan", "batch_size=33", "--devices", "2"], "batch_size=33 cannot be divided by 2 processes."),
    (["--recipe", "pacgan4", "batch_size=36", "--devices", "2"], "in packs of 4. Set batch_size to a multiple of 8."),
    (["--recipe", "unrolled", "--devices", "2"], "because its unrolled steps follow the gradient"),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_what_the_ranks_would_refuse_is_refused_before_any_starts(words, sentence, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.distributed.launcher.api.elastic_launch", None)
    monkeypatch.chdir(tmp_path)
    assert run(["train", "ring", *words, "--steps", "5"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_exists_is_refused_before_any_rank_starts(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.distributed.launcher.api.elastic_launch", None)
    words = ["train", "ring", "--recipe", "gan", "batch_size=9", "--steps", "3", "--quiet"]
    out = str(tmp_path / "run")
    assert run([*words, "--out", out]) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()
    for again in (["resume", out, "--steps", "9"], ["train", f"{out}@3", "--steps", "9"], [*words, "--out", out]):
        assert run([*again, "--devices", "2"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert run(["train", out, "batch_size=10", "--devices", "3"]) == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_rank_refuses_before_anything_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("gannet.sessions.train.current", lambda: Ranks(0, 2))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gannet.sessions.train.rehearse", None)
    assert run(["train", "ring", "--recipe", "gan", "batch_size=33", "--steps", "5"]) == 2
    assert "batch_size=33 cannot be divided by 2 processes." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_more_ranks_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    for name, value in {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": "0", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="2 processes on a machine with 1 GPUs"):
        join()
