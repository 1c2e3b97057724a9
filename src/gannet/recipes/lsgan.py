"""The least squares GAN."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.least_squares import LeastSquares
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.uniform import Uniform
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def lsgan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Uniform, size=96),
    loss: AdversarialLoss = chosen(LeastSquares),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 1_400,
) -> Experiment:
    """The pair of ``dcgan``, or on points two layers of ``hidden`` units each, with the least squares loss.

    Mao et al. 2017, https://arxiv.org/abs/1611.04076: logits far beyond their target are pulled back, so the generator
    has a gradient where that of cross-entropy vanishes.

    Formula: D: 1/2 E (D(x) - 1)^2 + 1/2 E D(G(z))^2; G: 1/2 E (D(G(z)) - 1)^2.

    Adds: a quadratic loss instead of cross-entropy; the networks are the same.

    Traps: The gradient grows with the distance from the target, so an extreme logit can change the parameters a lot.
    The discriminator's output has no sigmoid.
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden), standard_discriminator(form.shape, hidden), prior, loss=loss
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
