"""The row "GAN" of PacGAN's tables: the networks of ``pacgan2`` with packs of one, for `gannet compare --recipes`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gannet.data.base import Form
from gannet.losses.base import AdversarialLoss
from gannet.losses.non_saturating import NonSaturating
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.recipes.base import Chosen, chosen, recipe
from gannet.recipes.pacgan2 import pacgan2
from gannet.training.experiment import Experiment, Optimizer, Optimizers


@recipe(kind="points")
def gan_pac(
    form: Form,
    *,
    hidden: Annotated[int, Field(ge=1)] = 400,
    prior: Chosen[Prior] = chosen(Gaussian, size=2),
    loss: AdversarialLoss = NonSaturating(),
    optimizer: Optimizers = Optimizers(Optimizer(lr=1e-4, beta1=0.8), Optimizer(lr=1e-4, beta1=0.8)),
    batch_size: Annotated[int, Field(ge=2)] = 100,
    steps: Annotated[int, Field(ge=1)] = 20_000,
) -> Experiment:
    """``pacgan2`` without packs (Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086)."""
    return pacgan2(form, pack=1, hidden=hidden, prior=prior, loss=loss, optimizer=optimizer, batch_size=batch_size, steps=steps)
