"""Softmax GAN: one softmax over the whole batch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gannet.arguments import Chosen, chosen
from gannet.data.base import Form
from gannet.games.two_player import TwoPlayer
from gannet.losses.base import AdversarialLoss
from gannet.losses.softmax import Softmax
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.recipes.base import recipe
from gannet.training.experiment import Experiment, Optimizer, Optimizers


@recipe(kind="any")
def softmax_gan(
    form: Form,
    *,
    hidden: Annotated[int, Field(ge=1)] = 128,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    loss: AdversarialLoss = Softmax(),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
    ),
    batch_size: Annotated[int, Field(ge=2)] = 256,
    steps: Annotated[int, Field(ge=1)] = 2_000,
) -> Experiment:
    """The standard pair with one softmax over each batch of reals and fakes together.

    Lin 2017, https://arxiv.org/abs/1704.06191. The generator of points has batch norm, as that of pictures. On
    the ring it finds 6, 7 and 7 of the 8 modes (seeds 0, 1 and 2), not all: where scores are equal its generator has no gradient.

    Formula: D: log Z - mean over reals of D(x); G: log Z - mean over the batch of D; Z the sum of e^D over all rows of the
    batch, real and generated.

    Adds: one softmax over the whole batch in place of a decision for each row.

    Traps: The number of rows is part of the method: ``batch_size`` changes the loss. At equal scores the generator has no
    gradient, so it stops as soon as D cannot tell, and D's gradient falls on few rows.
    """
    noise = prior.make()
    game = TwoPlayer(
        standard_generator(noise.size, form.shape, hidden, batch_norm=True), standard_discriminator(form.shape, hidden), noise, loss=loss
    )
    return Experiment(game, optimizer, batch_size, steps, frames_every=max(1, steps // 100))
