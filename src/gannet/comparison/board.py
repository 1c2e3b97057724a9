"""The board where the tasks of a Ray cluster report. It imports nothing, so that its process starts quickly."""

from __future__ import annotations


class Board:
    """Where tasks report to the comparison, and learn that it stops: an actor, because tasks may run on any machine.

    If its process is lost, Ray starts another one, which knows nothing: tasks report their steps again, and the
    comparison repeats that it stops.
    """

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._steps: dict[str, int] = {}
        self._sentences: list[tuple[str, str]] = []
        self._stopping = False

    def begin(self, name: str) -> bool:
        """A task begins, perhaps for the second time. Returns whether it should stop."""
        if name in self._begun:
            self.tell("warned", f"{name}: its worker was lost. The run continues from its newest checkpoint.")
        self._begun.add(name)
        return self._stopping

    def step(self, name: str, step: int) -> bool:
        """A run is at a step. Returns whether it should stop."""
        self._steps[name] = step
        return self._stopping

    def tell(self, kind: str, sentence: str) -> None:
        """Something for the user."""
        self._sentences.append((kind, sentence))

    def read(self) -> tuple[dict[str, int], list[tuple[str, str]]]:
        """The steps of all runs, and the sentences since the last call."""
        sentences, self._sentences = self._sentences, []
        return self._steps, sentences

    def stop(self) -> None:
        """Ask every task to stop with a checkpoint."""
        self._stopping = True
