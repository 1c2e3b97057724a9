"""The conditional GAN on labelled images."""

from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images", labels=True)
def cgan(
    form: Form,
    *,
    prior: Prior = chosen(Gaussian, size=100),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=2e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 128,
    steps: Steps = 12_000,
) -> Experiment:
    """[z, one-hot] -> 128, 256 BN, 512 BN -> tanh against [image, one-hot] -> 512, 256 -> 1; leaky ReLU .2.

    Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784. A real image with the wrong label counts as fake (Reed et
    al. 2016, https://arxiv.org/abs/1605.05396). Labels of fakes are random.

    Formula: D: -E log s(D(x, y)) - E log(1 - s(D(G(z, y'), y') or D(x, wrong y))); G: -E log s(D(G(z, y'), y')), s the
    sigmoid, y' random.

    Adds: the class label as a one-hot vector at the input of both networks; real images with a wrong label as a second
    kind of fake.

    Traps: Without the wrong labels D can win by realism alone, and G may ignore the label. Measurements use balanced
    classes, so its metrics cannot be compared with those of an unconditional recipe.
    """
    classes = form.num_classes
    game = TwoPlayer(
        MLPGenerator(
            prior.size,
            form.shape,
            hidden=[128, 256, 512],
            slope=0.2,
            batch_norm=[False, True, True],
            num_classes=classes,
        ),
        MLPDiscriminator(form.shape, hidden=[512, 256], slope=0.2, num_classes=classes),
        prior,
        loss=loss,
        matching_aware=True,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
