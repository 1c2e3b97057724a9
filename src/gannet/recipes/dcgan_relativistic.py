"""The recommended GAN on images: the networks of dcgan with a paired relativistic loss and light gradient penalties,
class-conditional if the images have class labels.
"""

from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DCGANTrunk
from gannet.networks.heads import ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Penalty, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered

SLOPE = 0.2
"""Slope of the discriminator's leaky ReLU for negative inputs."""


@recipe(kind="images")
def dcgan_relativistic(
    form: Form,
    *,
    conditional: bool = True,
    prior: Prior = chosen(Gaussian, size=64),
    loss: AdversarialLoss = chosen(RelativisticPaired),
    penalty: Penalty = chosen(ZeroCentered, gamma=0.1, on="both", every=8),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 1_400,
) -> Experiment:
    """The networks of ``dcgan`` with a paired relativistic loss, R1 and R2 every eighth step, and falling learning
    rates; class-conditional if the images have class labels.

    The loss and the penalties are those of R3GAN (Huang, Gokaslan, Kuleshov, Tompkin 2024,
    https://arxiv.org/abs/2501.05441), applied lazily (Karras et al. 2020, https://arxiv.org/abs/1912.04958, section
    3.1); the networks are those of CS231n, which need few processor operations per image. If the images have class
    labels, the generator receives the label as a one-hot vector, and the discriminator by a projection (Miyato and
    Koyama 2018, https://arxiv.org/abs/1802.05637).

    Formula: D: E sp(D(G(z)) - D(x)) + gamma/2 E |grad D(x)|^2 + gamma/2 E |grad D(G(z))|^2, the penalties every 8th
    step with 8 gamma; G: E sp(D(x) - D(G(z))), sp(t) = log(1 + e^t). With labels D(x, y) = v_y . f(x) + u . f(x) + b,
    and G(z, y') has a uniformly random label y'.

    Adds: a paired loss that compares each fake with a real image; light penalties that keep the classes balanced; class
    labels; a high learning rate that falls to zero, so that the end of the training is its best part.

    Traps: Only differences of logits are meaningful. The schedule spans ``steps``: for better images, train a new
    run with more steps (MNIST: FD[mnist-cnn-v1] below 0.05 within 1,200 of 1,400 steps, 0.03 after 14,000); a
    resume with a larger ``--steps`` raises the learning rate again. Stronger penalties (``penalty.gamma=1``, the
    default before) made the images worse, those of CIFAR-10 blurred. The generator doubles its maps until the image
    size is reached: choose a suitable ``data.size``. Labels are information: the metrics of a class-conditional run
    cannot be compared with those of an unconditional one. It generates all classes equally often, even if the data
    do not contain them equally often.

    Keys:
        conditional: Whether to use the class labels of the data, if they have at least 2 classes.
    """
    num_classes = form.num_classes if conditional and form.num_classes > 1 else 0
    discriminator = (
        ProjectionDiscriminator(DCGANTrunk(form.shape, slope=SLOPE), num_classes)
        if num_classes
        else DCGANDiscriminator(form.shape, slope=SLOPE)
    )
    generator = DCGANGenerator(prior.size, form.shape, num_classes=num_classes)
    game = TwoPlayer(generator, discriminator, prior, loss=loss, penalties=[penalty])
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
