"""The training loop: steps, observers, and a clean stop on a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from torch import Tensor

from gannet.training.observers import Observer
from gannet.training.random_state import restored_at_end
from gannet.training.trainer import Trainer

SCHEDULERS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
"""How batch systems announce the end of a job; without a handler each of them ends the process at once."""
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a launcher sends to the other ranks when one has ended."""
AT_ONCE = 0.001
"""Seconds; 0 would disarm the timer."""


class StopRequest:
    """Set by the first signal of :func:`listening` and checked between steps; a third signal ends the process
    at once.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._count = 0

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Signal handler."""
        self.signal = self.signal or number
        self._count += number != signal.SIGALRM  # a time limit repeats its signal
        if self._count >= 3:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


@contextmanager
def listening(is_rank: bool = False) -> Iterator[StopRequest]:
    """Catch SIGINT, SIGTERM, SIGHUP and what batch systems send, and restore the earlier handlers afterwards. Only the
    main thread can catch signals.

    Of a rank, what ends the others is ignored afterwards: it still has to say how the training ended, and the launcher
    does not wait for that.

    SIGHUP stays ignored if it is ignored already, as under ``nohup``. SIGALRM is caught only if it is ignored: a time
    limit prepares it so.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    if signal.getsignal(signal.SIGALRM) == signal.SIG_IGN:
        heard.append(signal.SIGALRM)
    heard += [number for number in SCHEDULERS if signal.getsignal(number) == signal.SIG_DFL]
    before = {number: signal.signal(number, request.receive) for number in heard}
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    if signal.SIGALRM in heard and interval and not left:
        # The time has passed already. Linux does not repeat a timer whose signal was ignored.
        signal.setitimer(signal.ITIMER_REAL, AT_ONCE, interval)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if is_rank and number in ENDS else handler)


STOPPED = 255
"""Larger than the number of every signal."""


def run(
    trainer: Trainer,
    observers: Sequence[Observer],
    request: StopRequest,
    may_continue: Callable[[], bool] = lambda: True,
) -> None:
    """Train to the last step, or until a stop is requested; observers act at the end in either case.

    Args:
        trainer: takes the steps.
        observers: called after the steps that are due.
        request: set by signals.
        may_continue: called before every step; it may wait. False ends the training.

    Raises:
        TrainingStopped: a value is not finite.
    """
    with restored_at_end(trainer.precision.device):
        terms: dict[str, Tensor] = {}
        if trainer.step == 0:
            for observer in observers:
                if observer.at_start:
                    observer.act(terms)
        while trainer.step < trainer.steps and _all_continue(trainer, request, may_continue):
            terms = trainer.play()
            _act(trainer, [observer for observer in observers if observer.due(trainer.step)], terms)
        _act(trainer, [o for o in observers if o.at_end and not o.due(trainer.step)], terms)


def _act(trainer: Trainer, observers: Sequence[Observer], terms: dict[str, Tensor]) -> None:
    trainer.gather(any(observer.reads_state for observer in observers))
    for observer in observers:
        observer.act(terms)


def _all_continue(trainer: Trainer, request: StopRequest, may_continue: Callable[[], bool]) -> bool:
    """Whether every rank continues; a signal that any of them received stops all of them."""
    continues = request.signal is None and may_continue()
    found = trainer.ranks.largest(0 if continues else request.signal or STOPPED)
    if 0 < found < STOPPED:
        request.signal = request.signal or found
    return found == 0
