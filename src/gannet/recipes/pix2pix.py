"""Image-to-image translation: colour, sharpen, fill in, enlarge or clean images."""

from gannet.degradations.mask import Mask
from gannet.degradations.paired import PAIRS
from gannet.errors import UserError
from gannet.games.image_to_image import ImageToImage
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.patch import PatchDiscriminator
from gannet.networks.unet import UNet
from gannet.recipes.arguments import (
    AdversarialLoss,
    BatchSize,
    Degradation,
    NonNegative,
    Optimizer,
    Optimizers,
    Steps,
    Width,
)
from gannet.recipes.base import Experiment, Form, chosen, recipe


@recipe(kind="images")
def pix2pix(
    form: Form,
    *,
    degradation: Degradation = chosen(Mask, kind="boxes", share=0.25),
    width: Width = 16,
    l1: NonNegative = 100.0,
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.5, beta2=0.999, schedule="constant"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="constant"),
    ),
    batch_size: BatchSize = 16,
    steps: Steps = 4_000,
) -> Experiment:
    """A U-Net makes images from degraded ones; a patch discriminator sees both; the L1 distance keeps the output near
    the target.

    Isola, Zhu, Zhou, Efros 2017, https://arxiv.org/abs/1611.07004. ``degradation`` makes the input from every image:
    ``grayscale`` (colouring), ``mask`` (inpainting), ``blur``, ``downscale``, ``noise``, ``jpeg``, ``edges``; with
    ``paired`` the data give it (``data.inputs``). ``gannet apply RUN FILE`` translates your own files.

    Formula: D: E sp(-D(x, y)) + E sp(D(G(y), y)); G: E sp(-D(G(y), y)) + l1 E |x - G(y)|, y = T(x), T the degradation,
    sp(t) = log(1 + e^t), D a map of logits.

    Adds: an input image instead of latents, a discriminator of pairs and patches, and an L1 term.

    Keys: degradation: What makes the input from the target.
    width: Channels of the U-Net at full size.
    l1: Weight of the mean absolute difference between output and target.

    Traps: The L1 term alone gives a good PSNR and blurred images: read FD next to it. With l1=0 nothing but D ties the
    output to the input. Each training learns one degradation and one scale: apply it to images that are degraded in the
    same way.
    """
    if degradation.takes_pairs != form.paired:
        raise UserError(PAIRS)
    degradation.require(form.shape)
    channels = form.shape[0]
    seen = degradation.input_channels(channels)
    generator = UNet(seen, degradation.output_channels(channels), form.shape, width=width, factor=degradation.factor)
    game = ImageToImage(generator, PatchDiscriminator(form.shape, seen, width=2 * width), degradation, loss=loss, l1=l1)
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
