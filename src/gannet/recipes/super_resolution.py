"""Super-resolution: images two or four times larger."""

from typing import Literal

from gannet.degradations.downscale import Downscale
from gannet.errors import UserError
from gannet.features.perceptual import FeatureLoss
from gannet.games.image_to_image import ImageToImage
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.patch import PatchDiscriminator
from gannet.networks.residual import ResidualTranslator
from gannet.recipes.arguments import (
    AdversarialLoss,
    BatchSize,
    Count,
    NonNegative,
    Optimizer,
    Optimizers,
    Steps,
    Width,
)
from gannet.recipes.base import Experiment, Form, chosen, recipe


@recipe(kind="images")
def super_resolution(
    form: Form,
    *,
    factor: Literal[2, 4] = 4,
    width: Width = 32,
    blocks: Count = 4,
    l1: NonNegative = 100.0,
    features: NonNegative = 50.0,
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=2e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=5e-4, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 16,
    steps: Steps = 4_000,
) -> Experiment:
    """A residual network without batch norm corrects bicubic interpolation; a patch discriminator and a distance of
    features ask for detail.

    Ledig et al. 2017 (SRGAN), https://arxiv.org/abs/1609.04802; no batch norm as in Wang et al. 2018 (ESRGAN),
    https://arxiv.org/abs/1809.00219. The papers take the features of a VGG network that was trained on ImageNet; here
    they are those of ``randconv-v1``, whose kernels are fixed and random, so that nothing is downloaded.

    Formula: D: E sp(-D(x, y)) + E sp(D(G(y), y)); G: E sp(-D(G(y), y)) + l1 E |x - G(y)| + features E d(x, G(y)), y
    the reduced image, sp(t) = log(1 + e^t), D a map of logits, d the relative squared distance of feature maps.

    Adds: a residual network that works at the small size, and a distance of features.

    Keys:
        factor: Ratio of the sides of output and input.
        width: Channels of the residual blocks.
        blocks: Number of residual blocks.
        l1: Weight of the mean absolute difference between output and target.
        features: Weight of the distance of features; 0 for images with other than 1 or 3 channels.

    Traps: PSNR prefers the mean of all plausible images, which is blurred: a larger ``l1`` gains PSNR and loses FD. The
    default is slightly above Lanczos in PSNR, with a tenth of its FD, on 32 x 32 pixels
    (docs/applications/image-to-image.md). FD with the features ``randconv-v1`` is near to what is minimised: measure it
    with another extractor too, for example ``output_fd[effnet-lite0]``.
    """
    reduction, channels = Downscale(factor), form.shape[0]
    reduction.require(form.shape)
    if features and channels not in (1, 3):
        raise UserError(
            f"The distance of features needs images with 1 or 3 channels, and these have {channels}: set features=0, "
            "or data.channels=3."
        )
    game = ImageToImage(
        ResidualTranslator(channels, form.shape, factor=factor, width=width, blocks=blocks),
        PatchDiscriminator(form.shape, channels, width=width),
        reduction,
        loss=loss,
        l1=l1,
        feature_loss=FeatureLoss(features) if features else None,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999)
