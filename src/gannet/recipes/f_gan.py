"""f-GAN: the divergence is a choice."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.f_divergence import FDivergence
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def f_gan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(FDivergence),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 3_000,
) -> Experiment:
    """The standard pair with the variational bound of the divergence ``loss.divergence``; Pearson's chi-squared by
    default.

    Nowozin, Cseke, Tomioka 2016, https://arxiv.org/abs/1606.00709. The generator minimises the paper's practical form
    (section 3.2), or the bound itself with ``loss.zero_sum=true``. The generator of points has batch norm, like that of
    images.

    Formula: D: -E g(D(x)) + E f*(g(D(G(z)))); G: -E g(D(G(z))), g the activation and f* the conjugate of the
    divergence.

    Adds: one bound for a family of divergences, selected by ``loss.divergence``.

    Traps: If the discriminator is not optimal, the generator does not minimise the named divergence. Some conjugates
    grow exponentially: large logits overflow. Without a penalty on D the modes stay too wide.
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden, batch_norm=True),
        standard_discriminator(form.shape, hidden),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
