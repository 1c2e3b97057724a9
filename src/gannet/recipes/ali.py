"""Adversarially learned inference: the encoder gives a distribution over latents."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gannet.arguments import Chosen, chosen
from gannet.data.base import Form
from gannet.games.bigan import BiGAN
from gannet.losses.base import AdversarialLoss
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Generator, Trunk
from gannet.networks.dcgan import DCGANGenerator, DCGANTrunk
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.joint import JointDiscriminator
from gannet.networks.mlp import MLPGenerator, MLPTrunk
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.recipes.base import recipe
from gannet.training.experiment import Experiment, Optimizer, Optimizers


@recipe(kind="any")
def ali(
    form: Form,
    *,
    hidden: Annotated[int, Field(ge=1)] = 512,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=5e-4), Optimizer(lr=5e-4)),
    batch_size: Annotated[int, Field(ge=2)] = 128,
    steps: Annotated[int, Field(ge=1)] = 4_000,
) -> Experiment:
    """A stochastic encoder z ~ N(m(x), s(x)^2), a generator, and a discriminator of pairs; on pictures and on points.

    Dumoulin et al. 2017, https://arxiv.org/abs/1606.00704. Convolutional networks for pictures, three hidden layers of
    ``hidden`` for points; in both ``hidden`` is the width of the layers that join x and z.
    """
    noise = prior.make()
    game = BiGAN(
        _generator(form, noise.size, hidden),
        StochasticEncoder(_trunk(form, hidden), noise.size),
        JointDiscriminator(_trunk(form, hidden), noise.size, hidden=hidden),
        noise,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps)


def _generator(form: Form, latent_size: int, hidden: int) -> Generator:
    if form.kind == "images":
        return DCGANGenerator(latent_size, form.shape)
    return MLPGenerator(latent_size, form.shape, hidden=[hidden] * 3, slope=0.2)


def _trunk(form: Form, hidden: int) -> Trunk:
    return DCGANTrunk(form.shape) if form.kind == "images" else MLPTrunk(form.shape, hidden=[hidden] * 3, slope=0.2)
