"""The two-layer GAN on points."""

from __future__ import annotations

from gannet.encodings.raw import Raw
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Encoding, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="points")
def gan(
    form: Form,
    *,
    hidden: Count = 128,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    encoding: Chosen[Encoding] = chosen(Raw),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=1e-3), Optimizer(lr=1e-3)),
    batch_size: BatchSize = 128,
    steps: Count = 20_000,
) -> Experiment:
    """The first GAN: z 32 -> 128 ReLU -> 2 against 2 -> 128 ReLU -> 1, non-saturating, Adam.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661. In 3,000 steps it reaches all modes of the ring but makes them
    too wide, and it loses modes of the grid. Use it to watch these failures.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: the game itself: two networks and two optimizers, without any regularization.

    Traps: A mode can be reached and still have the wrong shape: read ``modes`` together with ``high_quality`` and ``spread``.
    The losses do not fall while samples improve: look at samples and metrics.
    """
    noise = prior.make()
    game = TwoPlayer(
        MLPGenerator(noise.size, form.shape, hidden=[hidden]),
        MLPDiscriminator(form.shape, hidden=[hidden], encoding=encoding.make()),
        noise,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, frames_every=max(1, steps // 100))
