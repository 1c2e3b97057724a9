"""The Wasserstein GAN with weight clipping."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.wasserstein import Wasserstein
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.networks.upsampling import UpsamplingDiscriminator, UpsamplingGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.weight_clipping import WeightClipping


@recipe(kind="any", data={"size": 32})
def wgan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(Wasserstein),
    constraint: Constraint = chosen(WeightClipping, limit=0.01),
    critic_steps: Count = 5,
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(name="rmsprop", lr=5e-5, beta2=0.99, schedule="constant"),
        discriminator=Optimizer(name="rmsprop", lr=5e-5, beta2=0.99, schedule="constant"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 10_000,
) -> Experiment:
    """Critic clipped to 0.01, five critic steps per generator step, RMSprop 5e-5.

    Arjovsky, Chintala, Bottou 2017, algorithm 1, https://arxiv.org/abs/1701.07875. It learns slowly, because clipping
    makes a weak critic. WGAN-GP fixes that. For points both networks have two hidden layers of ``hidden`` units.

    Formula: critic: E D(G(z)) - E D(x), every parameter clipped to [-0.01, 0.01]; G: -E D(G(z)).

    Adds: a critic that is Lipschitz continuous by clipping, so that its loss follows the earth mover's distance up to
    an unknown factor.

    Traps: Momentum (Adam) makes training unstable, so the paper uses RMSprop. The clipping limit must be tuned like a
    learning rate: if it is too large, convergence is slow; if it is too small, gradients vanish. On points the paper's
    values learn very slowly; ``constraint.limit=0.1 lr=5e-4`` gets twice as near to the ring in 4,000 steps (w1 .45
    instead of .91, seed 0). The critic sees five batches per step.
    """
    points = form.kind == "points"
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden) if points else UpsamplingGenerator(prior.size, form.shape),
        standard_discriminator(form.shape, hidden) if points else UpsamplingDiscriminator(form.shape),
        prior,
        loss=loss,
        constraints=[constraint],
        critic_steps=critic_steps,
    )
    # In bf16, gradients of torch 2.13 are not finite if a 5x5 convolution sees a single pixel, as for 8x8 images here.
    return Experiment(game, optimizer, batch_size, steps, average=0.999, allow_bf16=points or min(form.shape[1:]) > 8)
