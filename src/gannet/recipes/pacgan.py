"""PacGAN on points: a discriminator of packs of two samples, or of four."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.maxout import MaxoutDiscriminator
from gannet.networks.mlp import MLPGenerator
from gannet.networks.packed import PackedDiscriminator, check_divisible, packed_shape
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe, variant


@recipe(kind="points")
def pacgan2(
    form: Form,
    *,
    pack: Count = 2,
    hidden: Width = 400,
    prior: Prior = chosen(Gaussian, size=2),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-4, beta1=0.8, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=1e-4, beta1=0.8, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 100,
    steps: Steps = 20_000,
) -> Experiment:
    """PacGAN on points: a discriminator of packs of two samples.

    The networks of the PacGAN paper for ring and grid: G 4 x 400 batch norm ReLU from N(0, I_2), D 3 x 200 maxout of 5.
    Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086. ``pack=1`` is the paper's GAN baseline,
    and ``pacgan4`` is this recipe with ``pack=4``. ``hidden`` is the generator's width; the discriminator's width is
    half of it. The published protocol is ``steps=400000`` (400 epochs of 100,000 points in batches of 100) on ``ring
    data.radius=1 data.sigma=0.01`` and on ``grid``. The default is a twentieth of that. Here the points are
    standardised, every batch consists of new points, and a batch has batch_size / pack packs.

    Formula: D: E sp(-D(x_1, x_2)) + E sp(D(G(z_1), G(z_2))), G: E sp(-D(G(z_1), G(z_2))), sp(t) = log(1 + e^t).

    Adds: packs. A generator that lacks modes makes packs that lack variety. The discriminator detects that more easily
    in packs than in single samples.

    Traps: A batch must divide into packs. Discriminator fields and images show the logit of a sample packed with
    itself: twice its log density ratio, with the same sign. With few steps packs reduce quality: after 2,000 steps of
    small networks on the ring with seeds 0 to 2, ``pack=1`` has 7, 6, 8 modes and .83 to .89 of the samples within 3
    sigma, ``pack=2`` has 8, 8, 8 modes and .78, .43, .71.
    """
    check_divisible(batch_size, pack)
    judge = MaxoutDiscriminator(packed_shape(form.shape, pack), hidden=[max(1, hidden // 2)] * 3)
    game = TwoPlayer(
        MLPGenerator(prior.size, form.shape, hidden=[hidden] * 4, batch_norm=[True] * 4),
        PackedDiscriminator(judge, form.shape, pack),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))


@variant(pacgan2, pack=4)
def pacgan4() -> None:
    """PacGAN on points: a discriminator of packs of four samples.

    ``pacgan2`` with ``pack=4`` (Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086). Networks
    and protocol are those of ``pacgan2``.

    Formula: D: E sp(-D(x_1 ... x_4)) + E sp(D(G(z_1) ... G(z_4))), G: E sp(-D(G(z_1) ... G(z_4))), sp(t) = log(1 +
    e^t).

    Adds: larger packs, in which a lost mode is even easier to detect.

    Traps: Those of ``pacgan2``. A batch of 100 has only 25 packs, so the discriminator's gradient is noisier.
    """
