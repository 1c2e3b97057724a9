"""Connections to the live view that cannot lock its owner out: a request that does not arrive in time is dropped."""

from __future__ import annotations

import asyncio
import time

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0
"""Time for a whole request, header and body, to arrive."""
WAITING_AT_MOST = 64
"""Connections that may be open without a complete request; a further one closes the oldest of them."""


class Connection(H11Protocol):
    """One connection of the server. uvicorn itself has no limit on the time that a request takes to arrive."""

    _waiting_since: float | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected and has not asked for anything yet."""
        super().connection_made(transport)
        self._wait()
        waiting = [one for one in self.connections if isinstance(one, Connection) and one._waiting_since is not None]
        if len(waiting) > WAITING_AT_MOST:
            min(waiting, key=lambda one: one._waiting_since or 0.0)._drop()

    def data_received(self, data: bytes) -> None:
        """A part of a request has arrived."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self._arrived()
        elif self._waiting_since is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._arrived()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting_since = time.monotonic()
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._drop)

    def _arrived(self) -> None:
        self._waiting_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self) -> None:
        self._arrived()
        self.transport.abort()
