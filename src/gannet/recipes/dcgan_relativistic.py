"""The recommended GAN on images: the networks of dcgan with a paired relativistic loss and light gradient penalties."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Penalty, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="images")
def dcgan_relativistic(
    form: Form,
    *,
    prior: Prior = chosen(Gaussian, size=64),
    loss: AdversarialLoss = chosen(RelativisticPaired),
    penalty: Penalty = chosen(ZeroCentered, gamma=1.0, on="both", every=8),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 1_400,
) -> Experiment:
    """The networks of ``dcgan`` with a paired relativistic loss, R1 and R2 every eighth step, and falling rates.

    The loss and the penalties are those of R3GAN (Huang, Gokaslan, Kuleshov, Tompkin 2024,
    https://arxiv.org/abs/2501.05441), applied lazily (Karras et al. 2020, https://arxiv.org/abs/1912.04958, section
    3.1); the networks are those of CS231n, which need few processor operations per image.

    Formula: D: E sp(D(G(z)) - D(x)) + gamma/2 E |grad D(x)|^2 + gamma/2 E |grad D(G(z))|^2, the penalties every 8th
    step with 8 gamma; G: E sp(D(x) - D(G(z))), sp(t) = log(1 + e^t).

    Adds: a paired loss that compares each fake with a real image; light penalties that keep the classes balanced; a
    high learning rate that falls to zero, so that the end of the training is its best part.

    Traps: Only differences of logits are meaningful. The schedule spans ``steps``: for better images, train a new run
    with more steps; a resume with a larger ``--steps`` raises the learning rate again. Stronger penalties
    (``penalty.gamma=10``) made the images much worse in short trainings. The generator doubles its maps until the image
    size is reached: choose a suitable ``data.size``.
    """
    game = TwoPlayer(
        DCGANGenerator(prior.size, form.shape),
        DCGANDiscriminator(form.shape, slope=0.2),
        prior,
        loss=loss,
        penalties=[penalty],
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
