"""How a training on several processes ends: failures, signals, exit statuses, one sentence for each cause."""

import os
import signal
from types import SimpleNamespace

import pytest
from support.forked_ranks import on_two_ranks

from gannet.cli.interruption import interruptible
from gannet.cli.spread import leave
from gannet.ranks.group import Ranks, repeated
from gannet.ranks.launch import LAUNCHER, PASSED_ON, launch
from gannet.training.loop import listening

FAILING = """
import os

import gannet
from gannet.losses.non_saturating import NonSaturating
from gannet.recipes.gan import gan


class Failing(NonSaturating):
    count = 0

    def generator(self, fake, real):
        Failing.count += 1
        if Failing.count == 9 and os.environ["RANK"] in os.environ["WHO"]:
            {what}
        return super().generator(fake, real)


@gannet.recipe(kind="points")
def failing(form, *, steps: int = 20, batch_size: int = 8, hidden: int = 8) -> gannet.Experiment:
    return gan(form, steps=steps, batch_size=batch_size, hidden=hidden, loss=Failing())
"""
"""A recipe whose loss fails on the ranks that the environment names, after a few steps; the rehearsal counts too."""
TRAIN = "train ring --recipe failing.py --quiet --out run checkpoint.every=4 frames.every=0 health.every=0".split()


def failed(tmp_path, what: str, who: str, words=TRAIN):
    (tmp_path / "failing.py").write_text(FAILING.format(what=what))
    return on_two_ranks(words, tmp_path, {"WHO": who})


@pytest.mark.parametrize("what", ["raise ValueError('no such value')", "raise KeyboardInterrupt('no such value')"])
def test_a_failure_on_one_rank_only_is_said_and_the_step_is_saved(tmp_path, what):
    first, second = failed(tmp_path, what, "1")
    assert (first.status, second.status) == (5, 5)
    [kept] = (tmp_path / "run/crash").glob("*-rank-1.txt")
    assert "no such value" in kept.read_text()
    assert second.said.count("\n") == 1
    assert f": training failed: {what.partition(' ')[2].partition('(')[0]}: no such value." in second.said
    assert f"The traceback is in {kept}." in second.said
    assert first.said.count("\n") == 1
    assert "another process of this training has ended. Step 8 is saved." in first.said
    assert "gannet resume run --recipe failing.py --devices 2" in first.said


def test_a_failure_on_rank_0_only(tmp_path):
    first, second = failed(tmp_path, "raise ValueError('no such value')", "0")
    assert (first.status, second.status) == (5, 5)
    assert "ValueError: no such value. Step 6 is saved." in first.said
    assert second.said == "gannet: rank 1, step 6: another process of this training has ended.\n"


def test_what_all_ranks_meet_is_said_once(tmp_path):
    both = "raise __import__('gannet.errors').errors.UserError('The data are damaged.')"
    (tmp_path / "failing.py").write_text(FAILING.format(what=both).replace("== 9", f"== 9 - 2 * {RANK_0}"))
    first, second = on_two_ranks(TRAIN, tmp_path, {"WHO": "01"})
    assert first.status == 2
    assert first.said == "gannet: The data are damaged. Step 6 is saved.\n"
    assert second.said == ""


RANK_0 = '(os.environ["RANK"] == "1")'
"""Rank 0 rehearses two calls more than the others."""


def test_after_training_a_rank_ignores_the_end_of_the_others():
    before = signal.getsignal(signal.SIGTERM)
    try:
        with listening(is_rank=True) as request:
            signal.raise_signal(signal.SIGTERM)
        assert request.signal == signal.SIGTERM
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with listening():
        pass
    assert signal.getsignal(signal.SIGTERM) == before


STATUSES = [({0: -15, 1: 5}, 5), ({0: 2, 1: 5}, 2), ({1: -9}, 137), ({0: -15}, 143), ({0: 130, 1: -15}, 130)]


@pytest.mark.parametrize(("statuses", "expected"), STATUSES)
def test_the_exit_status_is_that_of_the_first_rank_that_failed_by_itself(statuses, expected, monkeypatch):
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    class Failed(ChildFailedError):
        def __init__(self):
            self.failures = {rank: SimpleNamespace(exitcode=status) for rank, status in statuses.items()}

    seen = []

    def elastic_launch(config, program):
        seen.append(config)

        def start(*words):
            raise Failed

        return start

    monkeypatch.setattr("torch.distributed.launcher.api.elastic_launch", elastic_launch)
    for name in (LAUNCHER, "OMP_NUM_THREADS", "TORCH_ELASTIC_SHUTDOWN_TIMEOUT"):
        monkeypatch.setenv(name, "1")
    before = {name: signal.getsignal(getattr(signal, name)) for name in PASSED_ON}
    for name in PASSED_ON:  # a shell lets what it starts in the background ignore SIGINT and SIGQUIT
        signal.signal(getattr(signal, name), signal.SIG_IGN if name == "SIGHUP" else signal.SIG_DFL)
    try:
        assert launch(2, []) == expected
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
    assert set(seen[0].signals_to_handle.split(",")) == set(PASSED_ON) - {"SIGHUP"}  # as under nohup


def test_a_rank_ends_without_the_end_of_python(monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with pytest.raises(SystemExit):
        leave(3)
    assert ended == []
    monkeypatch.setattr("gannet.ranks.group.current", lambda: Ranks(1, 2, True))
    with pytest.raises(SystemExit):
        leave(3)
    assert ended == [3]
    assert repeated() == ("--devices", "2", "--shard")


def test_what_a_rank_ignores_stays_so_when_its_verb_ends():
    before = signal.getsignal(signal.SIGTERM)
    try:
        with interruptible(), listening(is_rank=True):
            pass
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
            signal.signal(number, handler)
        signal.signal(signal.SIGTERM, before)
