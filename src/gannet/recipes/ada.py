"""The recommended GAN on images with adaptive augmentation, for few images."""

from gannet.augmentations.adaptive import Adaptive
from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.augmented import Augmented
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, Augmentation, BatchSize, Penalty, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.recipes.dcgan_relativistic import dcgan_relativistic
from gannet.regularizers.zero_centered import ZeroCentered


@recipe(kind="images")
def ada(
    form: Form,
    *,
    augmentation: Augmentation = chosen(Adaptive),
    conditional: bool = True,
    prior: Prior = chosen(Gaussian, size=64),
    loss: AdversarialLoss = chosen(RelativisticPaired),
    penalty: Penalty = chosen(ZeroCentered, gamma=0.1, on="both", every=8),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
        discriminator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.99, schedule="cosine"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 3_000,
) -> Experiment:
    """``dcgan-relativistic`` with adaptive augmentation: all images that D sees, real and generated, are changed at
    random with a probability that follows the overfitting of D.

    Karras et al. 2020 (ADA), https://arxiv.org/abs/2006.06676. It is the default for fewer than 2,500 images.

    Formula: D: E sp(D(T(G(z))) - D(T(x))) + penalties; G: E sp(D(T(x)) - D(T(G(z)))), sp(t) = log(1 + e^t); T applies
    each of its changes with probability p. After every turn of D, p rises if r = E sign(D(T(x)) - D(T(G(z)))) > 0.6, a
    running mean over all pairs, and falls otherwise.

    Adds: a discriminator that memorises few images later, and no change if the images suffice. The curves
    ``augmentation_probability`` and ``augmentation_sign`` show p and r.

    Traps: On 500 images, 1,000 steps were too few to gain anything (one seed); after 3,000 the FD was a quarter of
    that without augmentation (three seeds, both with ``penalty.gamma=1``, the default before), which gets worse with
    training (docs/results/few-images.md). r also rises
    if the generated images are bad, so p rises at the start of most trainings. With ``loss=non-saturating``, r is E
    sign(D(T(x))), as in the paper. Mirrored photos are as good as photos: add ``data.flip=true``, but not for
    digits and letters.

    Keys:
        conditional: Whether to use the class labels of the data, if they have at least 2 classes.
    """
    plain = dcgan_relativistic.function(
        form,
        conditional=conditional,
        prior=prior,
        loss=loss,
        penalty=penalty,
        optimizer=optimizer,
        batch_size=batch_size,
        steps=steps,
    )
    game = plain.game
    assert isinstance(game, TwoPlayer)
    game.discriminator = Augmented(game.discriminator, augmentation)
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
