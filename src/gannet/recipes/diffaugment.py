"""The convolutional GAN with differentiable augmentation, for few images."""

from gannet.augmentations.diffaugment import DiffAugment
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.augmented import Augmented
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gannet.priors.uniform import Uniform
from gannet.recipes.arguments import AdversarialLoss, Augmentation, BatchSize, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images")
def diffaugment(
    form: Form,
    *,
    augmentation: Augmentation = chosen(DiffAugment),
    prior: Prior = chosen(Uniform, size=96),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 1_400,
) -> Experiment:
    """The pair of ``dcgan``; the discriminator sees all images, real and generated, with random colour, shift and
    cutout.

    Zhao et al. 2020, https://arxiv.org/abs/2006.10738.

    Formula: D: E sp(-D(T(x))) + E sp(D(T(G(z)))); G: E sp(-D(T(G(z)))), T a random, differentiable augmentation, drawn
    independently for every sample.

    Adds: a discriminator that cannot memorise few images. It is meant for hundreds of images, not tens of thousands.
    Gannet has not measured the gain.

    Traps: Both sides must be augmented, also in the generator's turn. Otherwise the generator learns to make augmented
    images. ``augmentation=instance-noise`` works for any data.
    """
    discriminator = Augmented(DCGANDiscriminator(form.shape), augmentation)
    game = TwoPlayer(DCGANGenerator(prior.size, form.shape), discriminator, prior, loss=loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
