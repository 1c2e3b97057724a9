"""Energy-based GAN."""

from gannet.games.energy_based import EnergyBased
from gannet.networks.standard import standard_autoencoder, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import BatchSize, NonNegative, Positive, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def ebgan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    code_size: Width = 32,
    margin: Positive = 1.0,
    pulling_away: NonNegative = 0.0,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.0, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.9, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 3_500,
) -> Experiment:
    """The standard generator against an autoencoder of the standard trunk; fakes are pushed to an energy of ``margin``.

    Zhao, Mathieu, LeCun 2017, https://arxiv.org/abs/1609.03126. The energy is the mean squared error, so the unit of
    ``margin`` is a squared normalised unit. ``pulling_away=0.1`` is the paper's EBGAN-PT. The generator of points has
    batch norm, like that of images.

    Formula: D: E U(x) + E relu(margin - U(G(z))); G: E U(G(z)) + pulling_away * PT; U(x) the error of an autoencoder,
    PT the mean squared cosine between the codes of two fakes.

    Adds: an autoencoder as discriminator, whose error is the energy; optionally a term that pushes the codes of fakes
    apart.

    Traps: ``margin`` has the unit of the error and must suit the data. On points the autoencoder also reconstructs
    points between the modes well, so their energies are low and samples lie between the modes. It takes no loss.
    """
    game = EnergyBased(
        standard_generator(prior.size, form.shape, hidden, batch_norm=True),
        standard_autoencoder(form.shape, hidden, code_size=code_size),
        prior,
        margin=margin,
        pulling_away=pulling_away,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
