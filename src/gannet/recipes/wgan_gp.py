"""The Wasserstein GAN with gradient penalty."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.wasserstein import Wasserstein
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.networks.upsampling import UpsamplingDiscriminator, UpsamplingGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Count, Penalty, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.gradient_penalty import GradientPenalty


@recipe(kind="any", data={"size": 32})
def wgan_gp(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(Wasserstein),
    penalty: Penalty = chosen(GradientPenalty, weight=10.0),
    critic_steps: Count = 5,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.0, beta2=0.9, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.0, beta2=0.9, schedule="constant"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 10_000,
) -> Experiment:
    """Penalty 10 on the critic's gradient norm, five critic steps per generator step, Adam 2e-4 (0, 0.9).

    Gulrajani et al. 2017, algorithm 1, https://arxiv.org/abs/1704.00028. The critic has no batch norm. For points both
    networks have two hidden layers of ``hidden`` units.

    Formula: critic: E D(G(z)) - E D(x) + 10 E (|grad D(x~)| - 1)^2, x~ between a real and a fake sample; G: -E D(G(z)).

    Adds: a penalty that keeps the slope of the critic near 1 between the data and the samples, instead of clipping.

    Traps: The penalty is defined per sample, so batch norm in the critic would invalidate it. The critic sees five
    batches per step; mention that in comparisons at equal steps.
    """
    points = form.kind == "points"
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden) if points else UpsamplingGenerator(prior.size, form.shape),
        standard_discriminator(form.shape, hidden) if points else UpsamplingDiscriminator(form.shape),
        prior,
        loss=loss,
        penalties=[penalty],
        critic_steps=critic_steps,
    )
    # In bf16, gradients of torch 2.13 are not finite if a 5x5 convolution sees a single pixel, as for 8x8 images here.
    return Experiment(game, optimizer, batch_size, steps, average=0.999, allow_bf16=points or min(form.shape[1:]) > 8)
