"""The class-conditional GAN with a projection discriminator."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.networks.dcgan import DCGANGenerator, DCGANTrunk
from gannet.networks.heads import ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.spectral_norm import SpectralNorm


@recipe(kind="images", labels=True)
def projection(
    form: Form,
    *,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(Hinge),
    constraint: Constraint = chosen(SpectralNorm),
    critic_steps: Count = 1,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=5e-4, beta1=0.0, beta2=0.9, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.9, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 1_400,
) -> Experiment:
    """The convolutional pair with spectral norm and hinge loss; the label enters by an inner product with the features.

    Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637. The paper uses five critic steps with learning rate 2e-4.
    Here the discriminator has a larger learning rate instead, which costs less (Heusel et al. 2017,
    https://arxiv.org/abs/1706.08500).

    Formula: D(x, y) = v_y . f(x) + u . f(x) + b; D: E relu(1 - D(x, y)) + E relu(1 + D(G(z, y'), y')); G: -E D(G(z,
    y'), y').

    Adds: an embedding of the class label whose inner product with the features is part of the logit; spectral norm on
    all layers of D.

    Traps: Without the spectral norm the inner product can grow without bound. Its metrics cannot be compared with those
    of an unconditional recipe.
    """
    game = TwoPlayer(
        DCGANGenerator(prior.size, form.shape, num_classes=form.num_classes),
        ProjectionDiscriminator(DCGANTrunk(form.shape), form.num_classes),
        prior,
        loss=loss,
        constraints=[constraint],
        critic_steps=critic_steps,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
