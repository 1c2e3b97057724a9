"""PacGAN on images: the all-convolutional GAN with a discriminator of packs of two images."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.packed import PackedDiscriminator, check_divisible, packed_shape
from gannet.networks.strided import StridedDiscriminator, StridedGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images", data={"size": 32})
def pacdcgan2(
    form: Form,
    *,
    pack: Count = 2,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 4_000,
) -> Experiment:
    """``dcgan-strided`` whose discriminator sees the images of a pack stacked as channels; ``pack=1`` is
    ``dcgan-strided``.

    Lin, Khetan, Fanti, Oh 2018, section 4.2, https://arxiv.org/abs/1712.04086, find all 1,000 modes of Stacked-MNIST
    with it, with larger networks. A batch has batch_size / pack packs.

    Formula: D: E sp(-D(x_1, x_2)) + E sp(D(G(z_1), G(z_2))), G: E sp(-D(G(z_1), G(z_2))), sp(t) = log(1 + e^t).

    Adds: packs of images, so that the discriminator can detect a lack of variety.

    Traps: A batch must divide into packs. Only the first convolution is wider than for single images. Published counts
    on ``stacked-mnist`` use 26,000 images: ``gannet measure RUN --metrics modes,reverse_kl --samples 26000``.
    """
    check_divisible(batch_size, pack)
    discriminator = PackedDiscriminator(StridedDiscriminator(packed_shape(form.shape, pack)), form.shape, pack)
    game = TwoPlayer(StridedGenerator(prior.size, form.shape), discriminator, prior, loss=loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
