"""The recommended GAN on points: it finds every mode and keeps their widths."""

from __future__ import annotations

from gannet.encodings.fourier import Fourier
from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.particles import Particles
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Encoding, Optimizer, Optimizers, Penalty, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="points")
def particle_gan(
    form: Form,
    *,
    hidden: Count = 128,
    prior: Chosen[Prior] = chosen(Particles),
    encoding: Chosen[Encoding] = chosen(Fourier),
    loss: AdversarialLoss = RelativisticPaired(),
    penalty: Chosen[Penalty] = chosen(ZeroCentered, gamma=0.1, final=5e-4, on="both"),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.0, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.0, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 256,
    steps: Count = 3_000,
) -> Experiment:
    """Paired relativistic loss with R1 and R2, learnable particles as prior, Fourier features on many scales for D.

    The loss and the penalties are R3GAN's (Huang et al. 2024, https://arxiv.org/abs/2501.05441); the prior follows
    ParticleGAN. One setting serves broad and sharp, few and many modes.

    Formula: D: E sp(D(G(z)) - D(x)) + gamma/2 (E |grad D(x)|^2 + E |grad D(G(z))|^2); G: E sp(D(x) - D(G(z))), sp(t) =
    log(1 + e^t).

    Adds: latents that are learned and can part as the data do; Fourier features, so that D sees fine detail; a penalty
    that falls from 0.1 to 5e-4 while training.

    Traps: The penalty and both learning rates fall over all ``steps``: a longer run is another run, not the same one
    continued. Only differences of scores mean something. With ``prior.width=0`` there are no more distinct samples than
    particles.
    """
    noise = prior.make()
    game = TwoPlayer(
        MLPGenerator(noise.size, form.shape, hidden=[hidden] * 3, slope=0.2),
        MLPDiscriminator(form.shape, hidden=[hidden] * 3, slope=0.2, encoding=encoding.make()),
        noise,
        loss=loss,
        penalties=[penalty.make()],
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998, frames_every=max(1, steps // 60))
