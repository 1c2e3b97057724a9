"""Adversarially learned inference: the encoder gives a distribution over latents."""

from __future__ import annotations

from gannet.games.bigan import BiGAN
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.joint import JointDiscriminator
from gannet.networks.mlp import MLPGenerator, MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe


@recipe(kind="any")
def ali(
    form: Form,
    *,
    hidden: Count | None = None,
    prior: Chosen[Prior] = chosen(Gaussian, size=32),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=5e-4), Optimizer(lr=5e-4)),
    batch_size: BatchSize = 128,
    steps: Count = 3_000,
) -> Experiment:
    """A stochastic encoder z ~ N(m(x), s(x)^2), a generator, and a discriminator of pairs; on pictures and on points.

    Dumoulin et al. 2017, https://arxiv.org/abs/1606.00704, with fully connected networks of two hidden layers; batch norm
    in the generator of pictures only.

    Formula: D: -E log s(D(x, m(x) + s(x) e)) - E log(1 - s(D(G(z), z))); G and E: the same with the two kinds of pairs
    exchanged.

    Adds: noise in BiGAN's encoder: it draws from a Gaussian over latents with mean and width of its own.

    Traps: Reconstructions are made from the mean, training draws; where the widths stay large the two differ. As with
    BiGAN, nothing asks for equal pixels.

    Keys:
        hidden: Width of every layer; 512 on pictures and 128 on points if left out.
    """
    noise = prior.make()
    is_images = form.kind == "images"
    hidden = hidden or (512 if is_images else 128)
    norms = [is_images] * 2
    game = BiGAN(
        MLPGenerator(noise.size, form.shape, hidden=[hidden] * 2, slope=0.2, batch_norm=norms),
        StochasticEncoder(MLPTrunk(form.shape, hidden=[hidden] * 2, slope=0.2), noise.size),
        JointDiscriminator(MLPTrunk(form.shape, hidden=[hidden], slope=0.2), noise.size, hidden=hidden),
        noise,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps)
