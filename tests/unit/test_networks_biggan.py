"""BigGAN's networks: conditional batch norm, the parts of the latent, attention in both."""

import pytest
import torch
from torch.nn.functional import batch_norm
from torch.testing import assert_close

from gannet.networks.biggan import BigGANGenerator, ConditionalBatchNorm
from gannet.networks.heads import ProjectionDiscriminator
from gannet.networks.resnet import ResNetTrunk
from gannet.testing.networks import check_discriminator, check_generator


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_conditional_batch_norm_by_hand():
    norm, x, c = ConditionalBatchNorm(4, 3), torch.randn(5, 4, 2, 2), torch.randn(5, 3)
    plain = batch_norm(x, None, None, training=True)
    gains, biases = c @ norm.gains.weight.T, c @ norm.biases.weight.T
    assert_close(norm(x, c), plain * (1 + gains[:, :, None, None]) + biases[:, :, None, None], atol=1e-5, rtol=1e-5)
    assert_close(norm(x, torch.zeros(5, 3)), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("latent_size", [1, 3, 10])
def test_every_part_of_the_latent_has_one_place(latent_size):
    generator = BigGANGenerator(latent_size, (1, 32, 32), num_classes=3, width=8)
    assert sum(generator.sizes) == latent_size
    latents = torch.randn(4, latent_size, requires_grad=True)
    stems = []
    generator.stem.register_forward_hook(lambda layer, inputs, out: stems.append(out))
    generator.eval()(latents, torch.tensor([0, 1, 2, 0]))
    [gradient] = torch.autograd.grad(stems[0].square().sum(), latents)
    first = generator.sizes[0]
    assert gradient[:, :first].abs().min() > 0
    assert not gradient[:, first:].any()


@pytest.mark.parametrize("sides", [(8, 8), (20, 12), (32, 32)])
def test_with_attention_they_keep_the_contracts(sides):
    generator = BigGANGenerator(10, (1, *sides), num_classes=3, width=16, attention=True)
    trunk = ResNetTrunk((1, *sides), width=8, attention=True)
    for layer in (generator.attention, trunk.blocks[1]):
        torch.nn.init.ones_(layer.gain)
    check_generator(generator)
    check_discriminator(ProjectionDiscriminator(trunk, 3))
