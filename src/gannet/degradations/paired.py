"""Inputs that the data give: maps and photographs, sketches and drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gannet.degradations.base import Degradation
from gannet.errors import UserError

PAIRS = (
    "degradation=paired and data with pairs belong together: set both, with data.inputs=left, data.inputs=right, or "
    "the name of the folder of the inputs."
)


@dataclass(frozen=True)
class Paired(Degradation):
    """The input is another image, which the data give with every target (Isola et al. 2017, section 6.2,
    https://arxiv.org/abs/1611.07004: maps, facades, edges).

    ``data.inputs=left`` or ``right``: it is that half of the same file. ``data.inputs=FOLDER``: it is the file of the
    same name in that folder of the data. ``gannet data info DATA data.inputs=... -o sheet.png`` draws the pairs.
    """

    takes_pairs: ClassVar[bool] = True
    trivial_name: ClassVar[str] = "input"

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Not available: the input cannot be made from the target.

        Raises:
            UserError: always.
        """
        raise UserError(PAIRS)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The input."""
        return inputs
