"""``--max-time``: the limit on the time of a training."""

import time

from gannet.cli.time_limit import limited
from gannet.training.loop import listening


def heard_within(seconds: float) -> int | None:
    """The signal that a training hears that begins to listen now."""
    with listening() as request:
        end = time.monotonic() + seconds
        while request.signal is None and time.monotonic() < end:
            time.sleep(0.01)
        return request.signal


def test_a_limit_that_has_passed_before_training_begins_stops_it(monkeypatch):
    with limited("0.02s"):
        time.sleep(0.1)  # a busy machine imports and opens the data for longer than the limit
        assert heard_within(2) is not None
    assert heard_within(0.05) is None
