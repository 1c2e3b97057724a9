"""A FastGAN-like pair for few images of 128 and 256 pixels."""

from gannet.augmentations.adaptive import Adaptive
from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.augmented import Augmented
from gannet.networks.fastgan import FastGANDecoder, FastGANDiscriminator, FastGANGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, Augmentation, BatchSize, NonNegative, Penalty, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="images")
def few_images(
    form: Form,
    *,
    augmentation: Augmentation = chosen(Adaptive),
    width: Width = 32,
    reconstruction: NonNegative = 1.0,
    prior: Prior = chosen(Gaussian, size=128),
    loss: AdversarialLoss = chosen(RelativisticPaired),
    penalty: Penalty = chosen(ZeroCentered, gamma=1.0, on="both", every=8),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.99, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.99, schedule="constant"),
    ),
    batch_size: BatchSize = 16,
    steps: Steps = 20_000,
) -> Experiment:
    """Skip-layer excitation in the generator, a discriminator whose features are decoded, and adaptive augmentation.

    Liu et al. 2021 (FastGAN), https://arxiv.org/abs/2101.04775.

    Formula: as ``ada``, and D also minimises ``reconstruction`` E |decoder(f(T(x))) - T(x)|, f its last feature map and
    T(x) made smaller.

    Adds: gates that give large maps a short way to small ones, so that deep generators of large images learn with small
    batches; a discriminator that must describe whole images, which keeps it from memorising details.

    Traps: The paper trains 100 to 2,000 images of 256 to 1,024 pixels for hours on a GPU, with hinge loss, batch
    and spectral norm in D and a perceptual reconstruction; here the loss is that of ``ada``, with ten times its
    penalties. Gannet has not measured its quality at 128 or 256 pixels. Set ``data.size=128`` or ``256`` for
    photos.
    """
    discriminator = FastGANDiscriminator(form.shape, width=width)
    game = TwoPlayer(
        FastGANGenerator(prior.size, form.shape, width=width),
        Augmented(discriminator, augmentation),
        prior,
        loss=loss,
        penalties=[penalty],
        decoder=FastGANDecoder(discriminator),
        reconstruction=reconstruction,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
