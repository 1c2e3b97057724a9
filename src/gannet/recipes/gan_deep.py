"""The three-layer GAN on points."""

from __future__ import annotations

from gannet.encodings.raw import Raw
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Encoding, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="points")
def gan_deep(
    form: Form,
    *,
    hidden: Count = 128,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    encoding: Chosen[Encoding] = chosen(Raw),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=2e-4), Optimizer(lr=2e-4)),
    batch_size: BatchSize = 128,
    steps: Count = 50_000,
) -> Experiment:
    """Two hidden layers in each network, Adam with beta1 0.5, 50,000 steps, a frame every 50 steps.

    The classic game circles around its solution (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406). The exponential
    moving average (EMA) of the generator gets close to it.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: a second hidden layer in each network, a smaller learning rate, and the EMA of the generator for sampling.

    Traps: More steps do not make it converge. The generator without EMA keeps circling, so a frame or a metric of a single
    step says little.
    """
    noise = prior.make()
    game = TwoPlayer(
        MLPGenerator(noise.size, form.shape, hidden=[hidden, hidden]),
        MLPDiscriminator(form.shape, hidden=[hidden, hidden], encoding=encoding.make()),
        noise,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.9995, frames_every=50)
