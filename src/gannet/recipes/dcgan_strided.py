"""The all-convolutional GAN."""

from __future__ import annotations

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.strided import StridedDiscriminator, StridedGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="images", data={"size": 32})
def dcgan_strided(
    form: Form,
    *,
    prior: Chosen[Prior] = chosen(Gaussian, size=100),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(),
    batch_size: BatchSize = 128,
    steps: Count = 4_000,
) -> Experiment:
    """Radford's rules: strides instead of pooling, batch norm except at the picture's side, N(0, 0.02) weights.

    Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434: Adam 2e-4, beta1 0.5. Pictures are 32x32 unless
    data.size says otherwise.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: strided convolutions for pooling, batch norm in both networks except at the picture's side, the paper's
    initial weights.

    Traps: Batch norm makes a score depend on the other rows: reals and fakes are scored in batches of their own, and
    penalties on single rows do not suit this discriminator.
    """
    noise = prior.make()
    game = TwoPlayer(StridedGenerator(noise.size, form.shape), StridedDiscriminator(form.shape), noise, loss=loss)
    return Experiment(game, optimizer, batch_size, steps)
