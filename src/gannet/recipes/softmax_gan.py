"""Softmax GAN: one softmax over the whole batch."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.softmax import Softmax
from gannet.networks.standard import standard_discriminator, standard_generator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="any")
def softmax_gan(
    form: Form,
    *,
    hidden: Width = 128,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(Softmax),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
        discriminator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.9, schedule="cosine"),
    ),
    batch_size: BatchSize = 256,
    steps: Steps = 2_000,
) -> Experiment:
    """The standard pair with one softmax over each batch of reals and fakes together.

    Lin 2017, https://arxiv.org/abs/1704.06191. The generator of points has batch norm, like that of images. On the ring
    it does not find all modes: 6, 7 and 7 of 8 (seeds 0, 1 and 2), with 31, 41 and 35 % of the points within 3 sigma of
    a mode. After a third of training it often has all eight modes. Some are lost again when D's loss approaches its
    minimum, the logarithm of the number of reals. There all reals have equal logits, whatever the density of G. Batch
    sizes of 32 to 512 and learning rates of 3e-4 to 2e-3 (one or two seeds each) did not fix that.

    Formula: D: log Z - mean over reals of D(x); G: log Z - mean over the batch of D; Z the sum of e^D over all samples
    of the batch, real and generated.

    Adds: one softmax over the whole batch instead of one decision per sample.

    Traps: The loss depends on ``batch_size``. If all logits are equal, the generator's gradient is zero: it stops as
    soon as D is undecided.
    """
    game = TwoPlayer(
        standard_generator(prior.size, form.shape, hidden, batch_norm=True),
        standard_discriminator(form.shape, hidden),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
