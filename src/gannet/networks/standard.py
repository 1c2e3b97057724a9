"""Standard networks for points and images, for recipes about objectives, penalties or constraints."""

from __future__ import annotations

from typing import Literal

from gannet.networks.autoencoders import AutoencoderDiscriminator, ConvolutionalDecoder
from gannet.networks.base import Discriminator, Generator, Trunk
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DCGANTrunk
from gannet.networks.encoders import DeterministicEncoder
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator, MLPTrunk


def standard_generator(latent_size: int, shape: tuple[int, ...], hidden: int, *, batch_norm: bool = False) -> Generator:
    """Points: two hidden layers of ``hidden`` ReLU units. Images: the generator of ``dcgan``, with fixed widths.

    ``batch_norm`` also normalises the hidden layers for points, so that the points of a batch cannot all collapse to
    one place. The generator of images always has batch norm.
    """
    if len(shape) == 1:
        return MLPGenerator(latent_size, shape, hidden=[hidden] * 2, batch_norm=[batch_norm] * 2)
    return DCGANGenerator(latent_size, shape)


def standard_discriminator(shape: tuple[int, ...], hidden: int) -> Discriminator:
    """Points: two hidden layers of ``hidden`` leaky ReLU units. Images: the discriminator of ``dcgan``. No
    normalisation.
    """
    if len(shape) == 1:
        return MLPDiscriminator(shape, hidden=[hidden] * 2, slope=0.2)
    return DCGANDiscriminator(shape)


def standard_trunk(shape: tuple[int, ...], hidden: int) -> Trunk:
    """The standard discriminator without its last layer, for other heads."""
    if len(shape) == 1:
        return MLPTrunk(shape, hidden=[hidden] * 2, slope=0.2)
    return DCGANTrunk(shape)


def standard_autoencoder(
    shape: tuple[int, ...], hidden: int, *, code_size: int, power: Literal[1, 2] = 2
) -> AutoencoderDiscriminator:
    """The standard trunk as encoder; the decoder is its mirror for points and a separate convolutional network for
    images.
    """
    encoder = DeterministicEncoder(standard_trunk(shape, hidden), code_size)
    if len(shape) == 1:
        return AutoencoderDiscriminator(
            encoder, MLPGenerator(code_size, shape, hidden=[hidden] * 2, slope=0.2), power=power
        )
    return AutoencoderDiscriminator(encoder, ConvolutionalDecoder(code_size, shape), power=power)
