"""The all-convolutional GAN."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.strided import StridedDiscriminator, StridedGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images", data={"size": 32})
def dcgan_strided(
    form: Form,
    *,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 4_000,
) -> Experiment:
    """The rules of the DCGAN paper: strides instead of pooling, batch norm except next to the image, N(0, 0.02^2)
    weights.

    Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434: Adam 2e-4, beta1 0.5. Images are 32x32 by default
    (``data.size``).

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: strided convolutions instead of pooling, batch norm in both networks except next to the image, the paper's
    initialisation.

    Traps: With batch norm a logit depends on the other samples of its batch. Reals and fakes have separate forward
    passes, and penalties on single samples do not suit this discriminator. On CIFAR-10 it collapsed within two
    minutes with three seeds of three, and with ``optimizer.generator.lr=1e-3`` with none (docs/results/cifar10.md).
    """
    game = TwoPlayer(StridedGenerator(prior.size, form.shape), StridedDiscriminator(form.shape), prior, loss=loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
