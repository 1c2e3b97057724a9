"""One writer per run directory: an flock on RUN/lock, whose text says who holds it, and one on the directory itself,
which holds if somebody deletes the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from gannet.errors import UserError
from gannet.runs.schema import LOCK_FILE

LOOKS = 3
"""How often a held lock is tried again: :func:`is_held` holds it for some microseconds."""
_held: WeakSet[RunLock] = WeakSet()


class RunLock:
    """Held from construction to ``release``, or until the process dies: the kernel frees an flock with its holder.

    Args:
        run: the run directory, which must exist.

    Raises:
        UserError: another process writes this run (its pid and host are named), or the file cannot be made.
    """

    def __init__(self, run: Path) -> None:
        try:
            self._descriptor = os.open(run / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        except OSError as error:
            raise UserError(
                f"Cannot write in {run}: {error.strerror}. Choose a run directory that you may write."
            ) from None
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.close(self._descriptor)
            raise UserError(f"{run / LOCK_FILE} is not a regular file. Remove it, and try again.")
        # The directory itself: its name may change while the run is written.
        self._directory = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _take(self._descriptor)
            _take_directory(self._directory)
        except OSError:
            holder = os.pread(self._descriptor, 200, 0).decode("utf-8", "replace").strip() or "an unknown process"
            os.close(self._descriptor)
            os.close(self._directory)
            raise UserError(
                f"{run} is being written by {holder}. Wait for it to finish, or stop it, and try again."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"pid {os.getpid()} on host {socket.gethostname()}\n".encode(), 0)
        _register(self)

    def place(self, run: Path) -> Path | None:
        """Where the locked directory is now: ``run``, or its new path if it was renamed; None if it was deleted.

        Without /proc, as on macOS, a new path is unknown and counts as deleted.
        """
        own = os.fstat(self._directory)
        for named in (lambda: run, lambda: Path(os.readlink(f"/proc/self/fd/{self._directory}"))):
            try:
                if os.path.samestat(os.stat(found := named()), own):
                    return found
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return run  # it may not be looked at now, which does not mean that it is gone
        return None

    def release(self) -> None:
        """Let another process write the run; harmless when called twice."""
        if self._descriptor >= 0:
            for descriptor in (self._descriptor, self._directory):
                with suppress(OSError):
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close the descriptor only: in a forked worker, where the lock belongs to the parent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            os.close(self._directory)
            self._descriptor = self._directory = -1


def is_held(run: Path) -> bool:
    """Whether a process of this machine writes the run now. Changes nothing; False if that cannot be decided."""
    return _is_locked(run / LOCK_FILE) or _is_locked(run)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError as error:
        return error.errno == errno.EWOULDBLOCK
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    for patience in range(LOOKS, -1, -1):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not patience:
                raise
            time.sleep(0.02)


def _take_directory(descriptor: int) -> None:
    """As :func:`_take`, where the file system can lock a directory: NFS cannot."""
    try:
        _take(descriptor)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            raise


def _register(lock: RunLock) -> None:
    # A forked worker inherits the descriptor and with it the lock: without this, a worker that outlives
    # a killed trainer would keep the run locked. Closing in the child does not release the parent's lock.
    if not _Registered.done:
        os.register_at_fork(after_in_child=_close_inherited)
        _Registered.done = True
    _held.add(lock)


class _Registered:
    done = False


def _close_inherited() -> None:
    for lock in list(_held):
        lock.forget()
