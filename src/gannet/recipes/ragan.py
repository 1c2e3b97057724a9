"""The relativistic average GAN."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_average import RelativisticAverage
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def ragan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(RelativisticAverage),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 3_000,
) -> Experiment:
    """The standard pair with the relativistic average loss: each logit is compared with the mean logit of the other
    side.

    Jolicoeur-Martineau 2019, https://arxiv.org/abs/1807.00734. The generator of points has batch norm, like that of
    images.

    Formula: D: E sp(-(D(x) - E D(G(z)))) + E sp(D(G(z)) - E D(x)); G: the same with the sides exchanged;
    sp(t) = log(1 + e^t).

    Adds: logits count only relative to the mean of the other side, and the generator's loss depends on reals too.

    Traps: The means are over the batch, so they are noisy in small batches. Only differences of logits are meaningful.
    Without a penalty on D the modes stay too wide.
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden, batch_norm=True),
        standard_discriminator(form.shape, hidden),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
