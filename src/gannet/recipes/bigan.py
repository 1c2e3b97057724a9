"""The bidirectional GAN: an encoder learns to invert the generator."""

from gannet.games.bigan import BiGAN
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.encoders import DeterministicEncoder
from gannet.networks.joint import JointDiscriminator
from gannet.networks.mlp import MLPGenerator, MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images")
def bigan(
    form: Form,
    *,
    hidden: Width = 512,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 6_000,
) -> Experiment:
    """Fully connected networks of two hidden layers, and a discriminator of pairs (x, z).

    Donahue, Krähenbühl, Darrell 2017, section 4.2, https://arxiv.org/abs/1605.09782, whose layers are 1024 wide.
    Reconstructions G(E(x)) preserve what the latents encode of an image; no term asks for equal pixels. ``hidden`` is
    the width of every layer.

    Formula: D: -E log s(D(x, E(x))) - E log(1 - s(D(G(z), z))); G and E: the same with the two kinds of pairs
    exchanged, s the sigmoid.

    Adds: an encoder E that belongs to the generator's player, and a discriminator of samples with their latents.

    Traps: Reconstructions show a similar image, not the same pixels: no term compares x with G(E(x)) directly. The
    discriminator needs the latents of a sample.
    """
    game = BiGAN(
        MLPGenerator(prior.size, form.shape, hidden=[hidden] * 2, slope=0.2, batch_norm=[True, True]),
        DeterministicEncoder(MLPTrunk(form.shape, hidden=[hidden] * 2, slope=0.2), prior.size),
        JointDiscriminator(MLPTrunk(form.shape, hidden=[hidden], slope=0.2), prior.size, hidden=hidden),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
