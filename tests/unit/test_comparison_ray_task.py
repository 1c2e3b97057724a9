"""The reports of a task on Ray, without Ray."""

from __future__ import annotations

import signal
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from gannet.comparison import ray_task
from gannet.comparison.ray_task import TaskNarrator


class Board:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.answer: Future[bool] = Future()
        self.step = SimpleNamespace(remote=self._step)

    def _step(self, name: str, step: int) -> SimpleNamespace:
        self.steps.append(step)
        self.answer = Future()
        return SimpleNamespace(future=lambda: self.answer)


def test_training_does_not_wait_for_the_board(monkeypatch):
    monkeypatch.setattr(ray_task, "REPORT_SECONDS", 0.0)
    board = Board()
    narrator = TaskNarrator(board, "gan, seed 0")
    for step in range(5):
        narrator.advanced(step)
    assert board.steps == [0]  # the board has not answered yet
    board.answer.set_result(False)
    narrator.advanced(5)
    assert board.steps == [0, 5]


def test_a_comparison_that_stops_stops_the_training_once(monkeypatch):
    monkeypatch.setattr(ray_task, "REPORT_SECONDS", 0.0)
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    board = Board()
    narrator = TaskNarrator(board, "gan, seed 0")
    for step in range(3):
        narrator.advanced(step)
        board.answer.set_result(True)
    assert raised == [signal.SIGTERM]


def test_a_board_that_is_lost_for_good_ends_the_task(monkeypatch):
    monkeypatch.setattr(ray_task, "REPORT_SECONDS", 0.0)
    board = Board()
    narrator = TaskNarrator(board, "gan, seed 0")
    narrator.advanced(0)
    board.answer.set_exception(ConnectionError("lost"))
    with pytest.raises(ConnectionError):
        narrator.advanced(1)
