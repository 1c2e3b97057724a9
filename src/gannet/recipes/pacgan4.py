"""PacGAN on points: a discriminator of packs of four samples."""

from __future__ import annotations

from gannet.losses.non_saturating import NonSaturating
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe
from gannet.recipes.pacgan2 import pacgan2


@recipe(kind="points")
def pacgan4(
    form: Form,
    *,
    pack: Count = 4,
    hidden: Count = 400,
    prior: Chosen[Prior] = chosen(Gaussian, size=2),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=1e-4, beta1=0.8), Optimizer(lr=1e-4, beta1=0.8)),
    batch_size: BatchSize = 100,
    steps: Count = 20_000,
) -> Experiment:
    """``pacgan2`` with packs of four.

    Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086. Networks and protocol are those of ``pacgan2``.

    Formula: D: E sp(-D(x_1 ... x_4)) + E sp(D(G(z_1) ... G(z_4))), G: E sp(-D(G(z_1) ... G(z_4))), sp(t) = log(1 + e^t).

    Adds: larger packs, in which a lost mode is even easier to detect.

    Traps: Those of ``pacgan2``. A batch of 100 has only 25 packs, so the discriminator's gradient is noisier.
    """
    return pacgan2(form, pack=pack, hidden=hidden, prior=prior, loss=loss, optimizer=optimizer, batch_size=batch_size, steps=steps)
