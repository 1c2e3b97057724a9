"""The fully connected GAN on pictures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gannet.arguments import Chosen, chosen
from gannet.data.base import Form
from gannet.games.two_player import TwoPlayer
from gannet.losses.base import AdversarialLoss
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.recipes.base import recipe
from gannet.training.experiment import Experiment, Optimizers


@recipe(kind="images")
def mlp_gan(
    form: Form,
    *,
    prior: Chosen[Prior] = chosen(Gaussian, size=100),
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3,
    loss: AdversarialLoss = NonSaturating(smoothing=0.1),
    optimizer: Optimizers = Optimizers(),
    batch_size: Annotated[int, Field(ge=2)] = 128,
    steps: Annotated[int, Field(ge=1)] = 12_000,
) -> Experiment:
    """Fully connected generator (tanh) and discriminator (dropout .3), real labels 0.9, two Adam optimizers.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; one-sided smoothing of Salimans et al. 2016.
    """
    noise = prior.make()
    game = TwoPlayer(
        MLPGenerator(noise.size, form.shape, hidden=[256, 512, 1024], slope=0.2),
        MLPDiscriminator(form.shape, hidden=[1024, 512, 256], slope=0.2, dropout=dropout),
        noise,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps)
