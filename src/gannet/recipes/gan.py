"""Fully connected GANs on points: one hidden layer in each network, or two."""

from gannet.encodings.raw import Raw
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Encoding, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="points")
def gan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    encoding: Encoding = chosen(Raw),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 20_000,
) -> Experiment:
    """The two-layer GAN on points.

    The first GAN: z 32 -> 128 ReLU -> 2 against 2 -> 128 ReLU -> 1, non-saturating, Adam.
    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661. In 3,000 steps it reaches all modes of the ring but makes
    them too wide, and it loses modes of the grid. Use it to watch these failures.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: the game itself: two networks and two optimizers, without any regularization.

    Traps: A mode can be reached and still have the wrong shape: read ``modes`` together with ``high_quality`` and
    ``spread``.
    The losses do not fall while samples improve: look at samples and metrics.
    """
    game = _game(form, [hidden], prior, encoding, loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))


@recipe(kind="points")
def gan_deep(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    encoding: Encoding = chosen(Raw),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 50_000,
) -> Experiment:
    """The three-layer GAN on points.

    Two hidden layers in each network, Adam with beta1 0.5, 50,000 steps, a frame every 50 steps.
    The classic game circles around its solution (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406). The
    exponential moving average (EMA) of the generator gets close to it.

    Formula: D: -E log s(D(x)) - E log(1 - s(D(G(z)))); G: -E log s(D(G(z))), s the sigmoid.

    Adds: a second hidden layer in each network, a smaller learning rate, and the EMA of the generator for sampling.

    Traps: More steps do not make it converge. The generator without EMA keeps circling, so a frame or a metric of a
    single step says little.
    """
    game = _game(form, [hidden, hidden], prior, encoding, loss)
    return Experiment(game, optimizer, batch_size, steps, average=0.9995, frames_every=50)


def _game(form: Form, widths: list[int], prior: Prior, encoding: Encoding, loss: AdversarialLoss) -> TwoPlayer:
    """Both networks have hidden layers of these widths."""
    generator = MLPGenerator(prior.size, form.shape, hidden=widths)
    return TwoPlayer(generator, MLPDiscriminator(form.shape, hidden=widths, encoding=encoding), prior, loss=loss)
