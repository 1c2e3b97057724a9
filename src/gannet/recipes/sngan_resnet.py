"""SNGAN with residual networks."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.networks.resnet import ResNetDiscriminator, ResNetGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.spectral_norm import SpectralNorm


@recipe(kind="images")
def sngan_resnet(
    form: Form,
    *,
    width: Width = 32,
    prior: Prior = chosen(Gaussian, size=128),
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
    """Residual networks for images, spectral normalisation of D and the hinge loss.

    Miyato et al. 2018, appendix B.4 and table 4, https://arxiv.org/abs/1802.05957. The paper has 256 channels in G and
    128 in D, five critic steps, batches of 64 and 100,000 steps with learning rates of 2e-4 that fall
    linearly. That is ``width=128 critic_steps=5 lr=2e-4 steps=100000``, except that rates fall as a half cosine. The
    defaults fit two processor cores: both networks have a quarter of the channels, and D has one step per step of G and
    twice its learning rate (Heusel et al. 2017, https://arxiv.org/abs/1706.08500).

    Formula: D: E relu(1 - D(x)) + E relu(1 + D(G(z))); G: -E D(G(z)); every weight matrix of D is W / s(W), s the
    largest singular value by power iteration. A residual block is its input plus two convolutions of it.

    Adds: residual blocks, with batch norm in G and no normalisation in D. Their number follows the size of the image.

    Traps: The features are sums over the pixels, so logits grow with the number of pixels of the last maps. The
    samples of a training batch depend on each other, because G has batch norm. The recipe was tested on digits of 8
    x 8 pixels only; settings for 32 to 64 pixels are not measured.

    Keys:
        width: Channels of D's blocks; G has twice as many.
    """
    game = TwoPlayer(
        ResNetGenerator(prior.size, form.shape, width=2 * width),
        ResNetDiscriminator(form.shape, width=width),
        prior,
        loss=loss,
        constraints=[constraint],
        critic_steps=critic_steps,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
