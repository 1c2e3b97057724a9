"""A cable between two network namespaces that delays packets and loses some, for kernels without netem: a thread
carries the packets between two TUN devices.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import threading
import time
from collections import deque

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
"""From linux/if_tun.h."""
MOST_BYTES = 65536


class SlowCable(threading.Thread):
    """Two TUN devices in this namespace, which are to be moved to others, and what happens to packets between them.

    Args:
        names: of the devices.
        delay: seconds that a packet takes in each direction.
        loss: share of the packets that do not arrive.

    Raises:
        OSError: this user may not make such devices, or the kernel has none.
    """

    def __init__(self, names: tuple[str, str], *, delay: float, loss: float) -> None:
        super().__init__(daemon=True)
        self._delay, self._loss = delay, loss
        self._random = random.Random(0)
        self._ends: list[int] = []
        self._is_open = True
        self.carried = self.lost = 0
        try:
            for name in names:
                end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
                self._ends.append(end)
                fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        except OSError:
            self._close_ends()
            raise

    def run(self) -> None:
        """Carry packets until :meth:`close`."""
        waiting: deque[tuple[float, int, bytes]] = deque()
        other = dict(zip(self._ends, reversed(self._ends), strict=True))
        while self._is_open:
            wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.1
            ready, _, _ = select.select(self._ends, [], [], wait)
            for end in ready:
                packet = os.read(end, MOST_BYTES)
                if self._random.random() < self._loss:
                    self.lost += 1
                else:
                    waiting.append((time.monotonic() + self._delay, other[end], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, end, packet = waiting.popleft()
                os.write(end, packet)
                self.carried += 1

    def close(self) -> None:
        """Stop; the devices vanish."""
        self._is_open = False
        if self.is_alive():
            self.join()
        self._close_ends()

    def _close_ends(self) -> None:
        while self._ends:
            os.close(self._ends.pop())
