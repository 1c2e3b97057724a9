"""The ordinary pair for any data, for recipes whose point is elsewhere: the objective, a penalty, a constraint."""

from __future__ import annotations

from gannet.networks.base import Discriminator, Generator, Trunk
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DCGANTrunk
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator, MLPTrunk


def standard_generator(latent_size: int, shape: tuple[int, ...], hidden: int) -> Generator:
    """Points: two hidden layers of ``hidden`` ReLU units. Pictures: the one of ``dcgan``, which has widths of its own."""
    if len(shape) == 1:
        return MLPGenerator(latent_size, shape, hidden=[hidden] * 2)
    return DCGANGenerator(latent_size, shape)


def standard_discriminator(shape: tuple[int, ...], hidden: int) -> Discriminator:
    """As :func:`standard_generator`; leaky ReLU, no normalisation."""
    if len(shape) == 1:
        return MLPDiscriminator(shape, hidden=[hidden] * 2, slope=0.2)
    return DCGANDiscriminator(shape)


def standard_trunk(shape: tuple[int, ...], hidden: int) -> Trunk:
    """The standard discriminator without its score, for other heads."""
    if len(shape) == 1:
        return MLPTrunk(shape, hidden=[hidden] * 2, slope=0.2)
    return DCGANTrunk(shape)
