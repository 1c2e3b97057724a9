"""The class-conditional GAN with an auxiliary classifier."""

from gannet.games.auxiliary_classifier import AuxiliaryClassifier
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.dcgan import DCGANGenerator, DCGANTrunk
from gannet.networks.heads import AuxiliaryDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, NonNegative, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images", labels=True)
def acgan(
    form: Form,
    *,
    class_weight: NonNegative = 1.0,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 1_400,
) -> Experiment:
    """The convolutional pair; the discriminator predicts the class of its input, the generator receives a class label.

    Odena, Olah, Shlens 2017, https://arxiv.org/abs/1610.09585. Samples become typical of their class and lose some
    variety.

    Formula: D: its loss - E log C(y | x) - E log C(y' | G(z, y')); G: its loss - E log C(y' | G(z, y')), y' random.

    Adds: a second head on the discriminator that predicts the class; the discriminator does not see the label.

    Traps: The generator is rewarded for samples that are easy to classify, so variety within a class suffers: look at
    recall as well as accuracy. Its metrics cannot be compared with those of an unconditional recipe.

    Keys:
        class_weight: Weight of both class terms relative to the loss.
    """
    game = AuxiliaryClassifier(
        DCGANGenerator(prior.size, form.shape, num_classes=form.num_classes),
        AuxiliaryDiscriminator(DCGANTrunk(form.shape), form.num_classes),
        prior,
        loss=loss,
        class_weight=class_weight,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
