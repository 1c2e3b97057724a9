"""A generator against a discriminator whose features are decoded into the images that it saw."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from gannet.games.adversarial import Adversarial
from gannet.games.two_player import TwoPlayer
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.types import DiscriminatorOutput


class SelfSupervised(TwoPlayer, Adversarial):  # discovery reads the name of the abstract class
    """As ``two-player``; D also minimises E |decoder(f(x)) - x| on reals, f its last feature map.

    Liu et al. 2021, section 3.2, https://arxiv.org/abs/2101.04775: a map from which the image can be rebuilt describes
    the whole image, and D overfits few images later. The decoder belongs to the discriminator. If samples are
    augmented, x is the augmented image. Differs from the paper: the mean absolute difference of pixels instead of a
    perceptual distance, which needs a pre-trained network.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        decoder: nn.Module,
        *,
        reconstruction: float = 1.0,
        **more: Any,
    ) -> None:
        """Args:
        generator: of images.
        discriminator: its output has ``features`` and ``seen``.
        prior: of the generator.
        decoder: features (N, F) -> images of the size of ``seen``.
        reconstruction: weight of the term.
        more: of :class:`TwoPlayer`.
        """
        super().__init__(generator, discriminator, prior, **more)
        self.decoder, self.reconstruction = decoder, reconstruction

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """Those of ``two-player``; the decoder belongs to the discriminator."""
        players = super().players
        return players | {"discriminator": [*players["discriminator"], self.decoder]}

    def more_terms(self, real: DiscriminatorOutput) -> dict[str, Tensor]:
        """The error of the rebuilt reals, in [0, 2] times the weight for images in [-1, 1]."""
        assert real.features is not None
        assert real.seen is not None
        difference = self.decoder(real.features) - real.seen.detach()
        return {"reconstruction": self.reconstruction * difference.float().abs().mean()}
