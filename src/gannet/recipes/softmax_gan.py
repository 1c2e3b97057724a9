"""Softmax GAN: one softmax over the whole batch."""

from __future__ import annotations

from gannet.games.two_player import TwoPlayer
from gannet.losses.softmax import Softmax
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="any")
def softmax_gan(
    form: Form,
    *,
    hidden: Count = 128,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    loss: AdversarialLoss = Softmax(),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
    ),
    batch_size: BatchSize = 256,
    steps: Count = 2_000,
) -> Experiment:
    """The standard pair with one softmax over each batch of reals and fakes together.

    Lin 2017, https://arxiv.org/abs/1704.06191. The generator of points has batch norm, as that of pictures. On the ring it
    does not find every mode: 6, 7 and 7 of 8 (seeds 0, 1 and 2), with 31, 41 and 35 % of the points within three deviations of one.
    All eight are often there after a third of training; some are lost again while D's loss nears its floor, the logarithm of
    the number of reals, where every real row scores the same however often G makes its like. Batches of 32 to 512 and rates
    of 3e-4 to 2e-3 (one or two seeds each) did not mend that.

    Formula: D: log Z - mean over reals of D(x); G: log Z - mean over the batch of D; Z the sum of e^D over all rows of the
    batch, real and generated.

    Adds: one softmax over the whole batch in place of a decision for each row.

    Traps: The number of rows is part of the method: ``batch_size`` changes the loss. At equal scores the generator has no
    gradient, so it rests as soon as D cannot tell.
    """
    noise = prior.make()
    game = TwoPlayer(
        standard_generator(noise.size, form.shape, hidden, batch_norm=True), standard_discriminator(form.shape, hidden), noise, loss=loss
    )
    return Experiment(game, optimizer, batch_size, steps, frames_every=max(1, steps // 100))
