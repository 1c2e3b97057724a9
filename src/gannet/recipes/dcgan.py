"""The convolutional GAN with pooling."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gannet.priors.uniform import Uniform
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images")
def dcgan(
    form: Form,
    *,
    prior: Prior = chosen(Uniform, size=96),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 1_400,
) -> Experiment:
    """Dense stem and transposed convolutions against two pooled convolutions; Adam 1e-3, beta1 0.5, batch 128.

    The networks and settings of the GAN assignment of Stanford's course CS231n, which simplify the architecture of
    Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434. The recipe ``dcgan-strided`` follows the paper
    itself. 1,400 steps are three epochs of MNIST.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: convolutions: dense stem and transposed convolutions in G, two pooled convolutions in D.

    Traps: The generator doubles its maps until the image size is reached: choose a suitable ``data.size``. Readable
    samples do not show that the distribution is matched; measure it. On MNIST the classes become less balanced after
    the fourth epoch.
    """
    game = TwoPlayer(DCGANGenerator(prior.size, form.shape), DCGANDiscriminator(form.shape), prior, loss=loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
