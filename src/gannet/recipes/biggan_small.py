"""BigGAN at a small size: residual, class-conditional in every layer."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.networks.biggan import BigGANGenerator
from gannet.networks.heads import ProjectionDiscriminator
from gannet.networks.resnet import ResNetTrunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.spectral_norm import SpectralNorm


@recipe(kind="images", labels=True)
def biggan_small(
    form: Form,
    *,
    width: Width = 32,
    attention: bool = False,
    prior: Prior = chosen(Gaussian, size=80),
    loss: AdversarialLoss = chosen(Hinge),
    constraint: Constraint = chosen(SpectralNorm),
    critic_steps: Count = 1,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=4e-4, beta1=0.0, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=8e-4, beta1=0.0, beta2=0.9, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 3_000,
) -> Experiment:
    """Residual networks, conditional batch norm in G, a projection discriminator with spectral norm, the hinge loss.

    Brock, Donahue, Simonyan 2019, https://arxiv.org/abs/1809.11096; Miyato and Koyama 2018,
    https://arxiv.org/abs/1802.05637. The paper trains on ImageNet at 128 pixels and above with batches of 2,048, 64 to
    96 channels at full size and up to 16 times as many inside, learning rates of 5e-5 and 2e-4, two critic steps, and
    spectral norm in G as well. Here both networks are those of ``sngan-resnet``, and G has no spectral norm.

    Formula: D(x, y) = v_y . f(x) + u . f(x) + b; D: E relu(1 - D(x, y)) + E relu(1 + D(G(z, y'), y')); G: -E D(G(z,
    y'), y'). Block l of G normalises with gain 1 + A_l [z_l, e(y)] and bias B_l [z_l, e(y)].

    Adds: class and latent act on every layer of G, by way of its batch norms, instead of on the first layer alone. With
    ``attention=true`` distant pixels of both networks influence each other. ``gannet sample RUN --truncate 0.5`` is
    the paper's truncation trick.

    Traps: Its metrics cannot be compared with those of an unconditional recipe, because labels are information. The
    paper reports that training collapses at the end and takes an earlier checkpoint: ``RUN@best``. The recipe was
    tested on digits of 8 x 8 pixels only; settings for 32 to 64 pixels are not measured. On the few real images of
    ``digits`` (16 x 16 pixels, ``width=16``, the picture on its page) the samples of a digit soon look alike.

    Keys:
        width: Channels of D's blocks; G has twice as many.
        attention: Adds a layer of self-attention to both networks, at half the size of the image.
    """
    game = TwoPlayer(
        BigGANGenerator(prior.size, form.shape, num_classes=form.num_classes, width=2 * width, attention=attention),
        ProjectionDiscriminator(ResNetTrunk(form.shape, width=width, attention=attention), form.num_classes),
        prior,
        loss=loss,
        constraints=[constraint],
        critic_steps=critic_steps,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
