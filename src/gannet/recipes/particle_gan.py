"""The recommended GAN on points: it finds all modes with the right widths."""

from gannet.encodings.fourier import Fourier
from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.particles import Particles
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Encoding, Penalty, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="points")
def particle_gan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Particles),
    encoding: Encoding = chosen(Fourier),
    loss: AdversarialLoss = chosen(RelativisticPaired),
    penalty: Penalty = chosen(ZeroCentered, gamma=0.1, final=5e-4, on="both"),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.0, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.0, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 256,
    steps: Steps = 3_000,
) -> Experiment:
    """Paired relativistic loss with R1 and R2, learnable particles as prior, Fourier features on many scales for D.

    The loss and the penalties are those of R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441). The prior
    follows ParticleGAN. The same settings work for broad and sharp modes and for few and many modes.

    Formula: D: E sp(D(G(z)) - D(x)) + gamma/2 (E |grad D(x)|^2 + E |grad D(G(z))|^2); G: E sp(D(x) - D(G(z))), sp(t) =
    log(1 + e^t).

    Adds: a learned prior that can split into separate parts like the data; Fourier features, so that D sees fine
    detail; a penalty that falls from 0.1 to 5e-4 during training.

    Traps: The penalty and both learning rates are scheduled over ``steps``: a run with more steps differs from the
    start.
    Only differences of logits are meaningful. With ``prior.width=0`` there are only as many distinct samples as
    particles. ``penalty.every=4`` takes about three quarters of the time at equal quality on ``ring``, ``grid``,
    ``grid100`` and ``gmm`` (docs/results/speed.md).
    """
    game = TwoPlayer(
        MLPGenerator(prior.size, form.shape, hidden=[hidden] * 3, slope=0.2),
        MLPDiscriminator(form.shape, hidden=[hidden] * 3, slope=0.2, encoding=encoding),
        prior,
        loss=loss,
        penalties=[penalty],
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998, frames_every=max(1, steps // 60))
