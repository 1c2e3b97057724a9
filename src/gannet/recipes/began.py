"""Boundary equilibrium GAN."""

from gannet.games.began import BEGAN
from gannet.networks.standard import standard_autoencoder, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import BatchSize, Positive, Prior, Ratio, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def began(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    code_size: Width = 32,
    gamma: Ratio = 0.5,
    balance_rate: Positive = 0.01,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 3_000,
) -> Experiment:
    """The standard generator against an autoencoder of the standard trunk, balanced by k.

    Berthelot, Schumm, Metz 2017, https://arxiv.org/abs/1703.10717. The paper's ``balance_rate`` of 0.001 is for runs of
    100,000 steps and more. The generator of points has batch norm, like that of images. The recipe fails on the ring:
    with seeds 0, 1 and 2 all samples end in one place (no mode within 3 sigma, reverse KL log 8). All other tested
    settings reach at most one mode (``balance_rate`` .05 to 1, ``gamma`` .5 to 1, codes of 1, 2 and 32). BEGAN matches
    distributions of reconstruction errors, and identical fakes can have the right errors.

    Formula: D: E U(x) - k E U(G(z)); G: E U(G(z)); k <- k + balance_rate (gamma E U(x) - E U(G(z))), kept in [0, 1];
    U(x) the mean absolute error of an autoencoder.

    Adds: a balance that keeps the ratio of the energies of fakes and reals fixed, and a measure of convergence.

    Traps: A small ``gamma`` improves the look of samples and reduces their variety. Energies are not probabilities:
    follow ``convergence``, not the terms. It takes no loss.
    """
    game = BEGAN(
        standard_generator(prior.size, form.shape, hidden, batch_norm=True),
        standard_autoencoder(form.shape, hidden, code_size=code_size, power=1),
        prior,
        gamma=gamma,
        balance_rate=balance_rate,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
