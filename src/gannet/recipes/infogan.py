"""The GAN that finds classes and styles by itself."""

from gannet.games.infogan import Codes, InfoGAN
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gannet.networks.heads import Recognizer
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, NonNegative, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images")
def infogan(
    form: Form,
    *,
    codes: Codes = Codes(),
    continuous_weight: NonNegative = 0.1,
    prior: Prior = chosen(Gaussian, size=62),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 4_000,
) -> Experiment:
    """62 noise variables, a category of 10 and 2 continuous codes; the convolutional pair with a head that reads codes.

    Chen et al. 2016, section 7 and appendix C.1, https://arxiv.org/abs/1606.03657, with the paper's learning rates.
    ``gannet sample RUN --traverse`` shows the codes.

    Formula: D, G: the loss of the plain GAN - weight E log Q(c | G(z, c)), which bounds the mutual information
    I(c; G(z, c)) from below.

    Adds: codes c in addition to the noise, and a head Q on the discriminator's features that recovers them.

    Traps: The meaning of a code is random and differs between seeds. Two categories can share a class or split one, and
    ``purity`` does not penalise sharing: look at the traversal too.

    Keys:
        continuous_weight: Weight of the term of the continuous codes; the term of the categories has weight 1.
    """
    discriminator = DCGANDiscriminator(form.shape, slope=0.1, batch_norm=True)
    game = InfoGAN(
        DCGANGenerator(prior.size + codes.size, form.shape),
        discriminator,
        Recognizer(discriminator.trunk.size, codes.reading_size),
        prior,
        codes=codes,
        loss=loss,
        continuous_weight=continuous_weight,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
