"""The training aids of "Improved Techniques": minibatch discrimination, historical averaging and their kin."""

import copy
from typing import Literal

import torch

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Discriminator
from gannet.networks.minibatch import MinibatchDeviation, MinibatchDiscrimination, MinibatchDiscriminator
from gannet.networks.standard import standard_discriminator, standard_generator, standard_trunk
from gannet.networks.virtual_batch_norm import VirtualBatchNormGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Prior, Steps, WeightPenalty, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.historical_averaging import HistoricalAveraging

Statistic = Literal["discrimination", "deviation", "none"]
_REFERENCE_ROWS = 64


@recipe(kind="any")
def improved_gan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(NonSaturating, smoothing=0.1),
    minibatch: Statistic = "discrimination",
    kernels: Count = 8,
    feature_matching: bool = False,
    weight_penalty: WeightPenalty = chosen(HistoricalAveraging, weight=1e-4),
    virtual_batch_norm: bool = True,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 6_000,
) -> Experiment:
    """The standard pair of networks with minibatch discrimination, historical averaging and one-sided label smoothing.

    Salimans et al. 2016, section 3, https://arxiv.org/abs/1606.03498. ``virtual_batch_norm`` replaces batch norm in the
    generator of images; the generator of points has no batch norm. Historical averaging acts on both players'
    parameters.

    Formula: D: E [.9 sp(-D(x)) + .1 sp(D(x))] + E sp(D(G(z))), where D also sees how many samples of the batch are
    similar; G: E sp(-D(G(z))), or with feature matching |E f(x) - E f(G(z))|^2; for both the squared distance of the
    parameters to the mean of their past.

    Adds: a comparison of the samples of a batch, so that D detects fakes that are all alike.

    Traps: A logit depends on the other samples of its batch, and gradient penalties include that influence. In
    evaluation mode the comparison is replaced by its running mean. The cost of the comparison grows with the square of
    the batch size. A large weight of historical averaging slows down late improvements.

    Keys:
        minibatch: how samples are compared: ``discrimination``, their standard ``deviation`` (Karras et al. 2018), or
        ``none``.
        kernels: number of kernels of minibatch discrimination.
        feature_matching: whether the generator matches mean features of D instead of minimising its loss.
        weight_penalty: a term on the parameters of both players.
        virtual_batch_norm: whether the generator of images is normalised by the statistics of a fixed reference batch.
    """
    generator = standard_generator(prior.size, form.shape, hidden)
    if virtual_batch_norm and form.kind == "images":
        generator = VirtualBatchNormGenerator(generator, prior.draw(_REFERENCE_ROWS, torch.default_generator))
    game = TwoPlayer(
        generator,
        _discriminator(form, hidden, minibatch, kernels),
        prior,
        loss=loss,
        weight_penalties={"discriminator": weight_penalty, "generator": copy.deepcopy(weight_penalty)},
        feature_matching=feature_matching,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))


def _discriminator(form: Form, hidden: int, minibatch: Statistic, kernels: int) -> Discriminator:
    if minibatch == "none":
        return standard_discriminator(form.shape, hidden)
    trunk = standard_trunk(form.shape, hidden)
    statistic = (
        MinibatchDiscrimination(trunk.size, kernels=kernels) if minibatch == "discrimination" else MinibatchDeviation()
    )
    return MinibatchDiscriminator(trunk, statistic)
