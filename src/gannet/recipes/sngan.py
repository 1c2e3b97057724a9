"""The spectrally normalised GAN."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.spectral_norm import SpectralNorm


@recipe(kind="any")
def sngan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(Hinge),
    constraint: Constraint = chosen(SpectralNorm),
    critic_steps: Count = 5,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.9, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 4_000,
) -> Experiment:
    """The standard pair of networks with spectral normalisation of D and the hinge loss.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957.

    Formula: D: E relu(1 - D(x)) + E relu(1 + D(G(z))); G: -E D(G(z)); every weight matrix of D is W / s(W), s the
    largest singular value by power iteration.

    Adds: a bound on the slope of D by construction, without an additional term or a second backward pass.

    Traps: D sees ``critic_steps`` batches per step. The matrix of a convolution is its flattened kernel, so the bound
    on the slope of a convolution is not 1. Power iteration pauses in the generator's turn.
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden),
        standard_discriminator(form.shape, hidden),
        prior,
        loss=loss,
        constraints=[constraint],
        critic_steps=critic_steps,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
