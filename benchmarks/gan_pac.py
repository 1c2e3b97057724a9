"""The row "GAN" of PacGAN's tables: the networks of ``pacgan2`` with packs of one, for `gannet compare --recipes`."""

from __future__ import annotations

from gannet.losses.non_saturating import NonSaturating
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Optimizer, Optimizers, Prior
from gannet.recipes.base import Chosen, Experiment, Form, chosen, recipe
from gannet.recipes.pacgan2 import pacgan2


@recipe(kind="points")
def gan_pac(
    form: Form,
    *,
    hidden: Count = 400,
    prior: Chosen[Prior] = chosen(Gaussian, size=2),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=1e-4, beta1=0.8), Optimizer(lr=1e-4, beta1=0.8)),
    batch_size: BatchSize = 100,
    steps: Count = 20_000,
) -> Experiment:
    """``pacgan2`` without packs (Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086)."""
    return pacgan2(form, pack=1, hidden=hidden, prior=prior, loss=loss, optimizer=optimizer, batch_size=batch_size, steps=steps)
