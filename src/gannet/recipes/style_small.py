"""A small style-based generator: images from a mapped latent that sets the style of every layer."""

from typing import Annotated

from pydantic import Field

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.style import StyleDiscriminator, StyleGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Penalty, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="images")
def style_small(
    form: Form,
    *,
    width: Width = 16,
    style_size: Width = 128,
    mapping_layers: Count = 4,
    noise: bool = True,
    mixing: Annotated[float, Field(ge=0, le=1)] = 0.9,
    prior: Prior = chosen(Gaussian, size=128),
    loss: AdversarialLoss = chosen(NonSaturating),
    penalty: Penalty = chosen(ZeroCentered, gamma=0.3, on="real", every=8),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=3e-3, beta1=0.0, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 3_000,
) -> Experiment:
    """A mapping network, modulated and demodulated convolutions, style mixing; non-saturating loss and lazy R1.

    Karras, Laine, Aila 2019, https://arxiv.org/abs/1812.04948; Karras et al. 2020, https://arxiv.org/abs/1912.04958.
    The papers have up to 512 channels, z and w of length 512, eight mapping layers with a hundredth of the learning
    rate of 2e-3, R1 every 16 steps, path length regularisation, and the standard deviation over the batch in D. The
    defaults fit two processor cores and leave the last two out.

    Formula: w = f(z / |z|); a convolution with style s = A w + b is y_j = d_j sum_i K_ji * (s_i x_i), d_j = (sum_ik
    (K_jik s_i)^2)^(-1/2). D: E sp(-D(x)) + E sp(D(G(z))) + gamma/2 E |grad D(x)|^2; G: E sp(-D(G(z))), sp(t) = log(1 +
    e^t).

    Adds: The latent acts on every layer through w, whose distribution is learned. The image is the sum of one
    contribution per resolution. ``gannet sample RUN --truncate 0.7`` moves w towards its mean: samples are more
    typical and less varied.

    Traps: Noise is drawn per sample in training and fixed in evaluation, so that an image is a function of its
    latent. Metrics are measured without truncation, because truncation lowers recall. The recipe was tested on
    digits of 8 x 8 pixels only; settings for 32 to 64 pixels are not measured.

    Keys:
        width: Channels of both networks at full size; they double per halving, up to four times.
        style_size: Length of w.
        mapping_layers: Layers of the mapping network.
        noise: Whether every layer adds noise of learned strength.
        mixing: Probability that a sample in training has styles of two latents.
    """
    generator = StyleGenerator(
        prior.size,
        form.shape,
        width=width,
        style_size=style_size,
        depth=mapping_layers,
        noise=noise,
        mixing=mixing,
    )
    game = TwoPlayer(generator, StyleDiscriminator(form.shape, width=width), prior, loss=loss, penalties=[penalty])
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
