"""The convolutional GAN with pooling."""

from __future__ import annotations

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gannet.priors.uniform import Uniform
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="images")
def dcgan(
    form: Form,
    *,
    prior: Chosen[Prior] = chosen(Uniform, size=96),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=1e-3), Optimizer(lr=1e-3)),
    batch_size: BatchSize = 128,
    steps: Count = 1_400,
) -> Experiment:
    """Dense stem and transposed convolutions against two pooled convolutions; Adam 1e-3, beta1 0.5, batch 128.

    After Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434. 1,400 steps are three epochs of MNIST.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: convolutions: dense stem and transposed convolutions in G, two pooled convolutions in D.

    Traps: Sides of pictures are reached by doubling: ``data.size`` has to suit. Readable samples are no sign that the
    distribution is met; measure. On MNIST the classes come less and less evenly after the fourth epoch (below).
    """
    noise = prior.make()
    game = TwoPlayer(DCGANGenerator(noise.size, form.shape), DCGANDiscriminator(form.shape), noise, loss=loss)
    return Experiment(game, optimizer, batch_size, steps)
