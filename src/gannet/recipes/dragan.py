"""The DRAGAN: a penalty on the slope around the data."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Penalty, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.dragan import Dragan


@recipe(kind="any")
def dragan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(NonSaturating),
    penalty: Penalty = chosen(Dragan, weight=1.0),
    critic_steps: Count = 1,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 5_000,
) -> Experiment:
    """The standard pair of networks with a penalty on D's gradient at randomly perturbed reals.

    Kodali et al. 2017, https://arxiv.org/abs/1705.07215, with weight 1 instead of the paper's 10.

    Formula: D: E sp(-D(x)) + E sp(D(G(z))) + E (|grad D(x + d)| - 1)^2, d normal with half the standard deviation of
    the batch; G: E sp(-D(G(z))).

    Adds: a slope of 1 for D in the neighbourhood of the data, independent of the fakes.

    Traps: With a slope of 1 at the data D never converges to a constant, and on points a larger weight makes D flatter.
    Modes are too narrow: spread .57 to .81 on the ring, all 8 modes (seeds 0 to 4).
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden),
        standard_discriminator(form.shape, hidden),
        prior,
        loss=loss,
        penalties=[penalty],
        critic_steps=critic_steps,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
