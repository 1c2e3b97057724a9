"""Adversarially learned inference with the networks of PacGAN's tables."""

from gannet.games.bigan import BiGAN
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.maxout import MaxoutJointDiscriminator
from gannet.networks.mlp import MLPGenerator, MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="points")
def ali_pac(
    form: Form,
    *,
    hidden: Width = 400,
    prior: Prior = chosen(Gaussian, size=2),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-4, beta1=0.8, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-4, beta1=0.8, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 100,
    steps: Steps = 20_000,
) -> Experiment:
    """The ALI baseline for ``pacgan2``: the same generator, an encoder that mirrors it, and a maxout discriminator of
    pairs.

    Dumoulin et al. 2017, https://arxiv.org/abs/1606.00704, with the networks and the budget of Lin et al. 2018, section
    4.1, https://arxiv.org/abs/1712.04086. The protocol is that of ``pacgan2``.

    Formula: D: E sp(-D(x, E(x))) + E sp(D(G(z), z)); G and E: E sp(D(x, E(x))) + E sp(-D(G(z), z)), sp(t) = log(1 +
    e^t).

    Adds: an encoder z ~ N(m(x), s(x)^2). The discriminator learns to distinguish the latents of lost modes from the
    prior.

    Traps: With three deep networks a step costs more than a step of ``pacgan2``. Small reconstruction errors mean
    little if there are as many latents as coordinates.
    """
    game = BiGAN(
        MLPGenerator(prior.size, form.shape, hidden=[hidden] * 4, batch_norm=[True] * 4),
        StochasticEncoder(MLPTrunk(form.shape, hidden=[hidden] * 4, batch_norm=True), prior.size),
        MaxoutJointDiscriminator(form.shape, prior.size, hidden=[max(1, hidden // 2)] * 3),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
