"""Adversarially learned inference: the encoder outputs a distribution over latents."""

from gannet.games.bigan import BiGAN
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.joint import JointDiscriminator
from gannet.networks.mlp import MLPGenerator, MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def ali(
    form: Form,
    *,
    hidden: Width | None = None,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 3_000,
) -> Experiment:
    """A stochastic encoder z ~ N(m(x), s(x)^2), a generator, and a discriminator of pairs; for images and points.

    Dumoulin et al. 2017, https://arxiv.org/abs/1606.00704, with fully connected networks of two hidden layers. Only the
    generator of images has batch norm.

    Formula: D: -E log s(D(x, m(x) + s(x) e)) - E log(1 - s(D(G(z), z))); G and E: the same with the two kinds of pairs
    exchanged.

    Adds: noise in BiGAN's encoder, which draws from a Gaussian whose mean and standard deviation depend on x.

    Traps: Reconstructions use the mean of the encoder, training uses random draws. If the standard deviations stay
    large, the two differ. As in BiGAN, no term asks for equal pixels.

    Keys:
        hidden: Width of every layer; by default 512 for images and 128 for points.
    """
    is_images = form.kind == "images"
    hidden = hidden or (512 if is_images else 128)
    norms = [is_images] * 2
    game = BiGAN(
        MLPGenerator(prior.size, form.shape, hidden=[hidden] * 2, slope=0.2, batch_norm=norms),
        StochasticEncoder(MLPTrunk(form.shape, hidden=[hidden] * 2, slope=0.2), prior.size),
        JointDiscriminator(MLPTrunk(form.shape, hidden=[hidden], slope=0.2), prior.size, hidden=hidden),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
