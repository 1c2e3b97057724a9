"""Unpaired translation between two classes of images."""

from gannet.errors import UserError
from gannet.games.cyclegan import CycleGAN
from gannet.losses.least_squares import LeastSquares
from gannet.networks.patch import PatchDiscriminator
from gannet.networks.unet import UNet
from gannet.recipes.arguments import AdversarialLoss, BatchSize, NonNegative, Optimizer, Optimizers, Steps, Width
from gannet.recipes.base import Experiment, Form, chosen, recipe


@recipe(kind="images", labels=True)
def cyclegan(
    form: Form,
    *,
    width: Width = 16,
    cycle: NonNegative = 10.0,
    identity: NonNegative = 5.0,
    loss: AdversarialLoss = chosen(LeastSquares),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 32,
    steps: Steps = 4_000,
) -> Experiment:
    """Two U-Nets translate between two classes of images, and back; there are no pairs.

    Zhu, Park, Isola, Efros 2017, https://arxiv.org/abs/1703.10593. The data are a folder with a folder for each of two
    classes, or two classes of any labelled data: ``data.classes=horse,deer``. ``gannet apply RUN FILE --to horse``
    translates your own files.

    Formula: D_c: 1/2 E (D_c(x_c) - 1)^2 + 1/2 E D_c(G_c(x_o))^2; G: 1/2 E (D_c(G_c(x_o)) - 1)^2 +
    cycle E |G_o(G_c(x_o)) - x_o| + identity E |G_c(x_c) - x_c|, x_c images of class c, x_o of the other class, means
    over both classes.

    Adds: a second generator for the way back, a second discriminator, and two L1 terms that tie them together.

    Keys:
        width: Channels of the U-Nets at full size; the discriminators have twice as many.
        cycle: Weight of the cycle term.
        identity: Weight of the identity term, which keeps colours.

    Traps: Nothing says which image of one class belongs to which of the other: the way back can be right while the
    shapes are not. With a large ``cycle`` or ``identity`` outputs stay what they were: horses and deer of CIFAR-10 do
    so with the defaults, and with ``cycle=2 identity=0`` only colours change (docs/applications/image-to-image.md).
    """
    if form.num_classes != 2:
        raise UserError(
            f"Recipe 'cyclegan' translates between 2 classes, and these data have {form.num_classes}: set "
            "data.classes=A,B."
        )
    game = CycleGAN(
        [UNet(form.shape[0], form.shape[0], form.shape, width=width) for _ in range(2)],
        [PatchDiscriminator(form.shape, width=2 * width) for _ in range(2)],
        loss=loss,
        cycle=cycle,
        identity=identity,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
