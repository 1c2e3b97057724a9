"""The coordinates themselves."""

from __future__ import annotations

from torch import Tensor

from gannet.encodings.base import Encoding


class Raw(Encoding):
    """The identity: the discriminator sees the coordinates."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 2

    def forward(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, 2)."""
        return points
