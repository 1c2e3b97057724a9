"""The fully connected GAN on images."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Share, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images")
def mlp_gan(
    form: Form,
    *,
    prior: Prior = chosen(Gaussian, size=100),
    dropout: Share = 0.3,
    loss: AdversarialLoss = chosen(NonSaturating, smoothing=0.1),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 12_000,
) -> Experiment:
    """Fully connected generator (tanh) and discriminator (dropout .3), real labels 0.9, two Adam optimizers.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; one-sided smoothing of Salimans et al. 2016.

    Formula: D: -E [0.9 log s(D(x)) + 0.1 log(1 - s(D(x)))] - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the
    sigmoid.

    Adds: one-sided label smoothing and dropout in the discriminator, which keep it from becoming overconfident.

    Traps: Smoothing the labels of fakes too would reinforce errors of D (Salimans et al. 2016, section 3.4,
    https://arxiv.org/abs/1606.03498). With ``dropout=0`` half of the samples of MNIST were 1, 7 and 9 after 12,000
    steps (one seed).

    Keys:
        dropout: Share of D's hidden units set to 0 in each turn.
    """
    game = TwoPlayer(
        MLPGenerator(prior.size, form.shape, hidden=[256, 512, 1024], slope=0.2),
        MLPDiscriminator(form.shape, hidden=[1024, 512, 256], slope=0.2, dropout=dropout),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
