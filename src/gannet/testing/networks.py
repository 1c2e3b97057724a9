"""The contracts of generators, discriminators, encoders and velocity fields."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.networks.base import Discriminator, Encoder, Generator, Translator, Velocity
from gannet.types import DiscriminatorOutput

ROWS = 12
"""Batch size that is divisible into packs of 1, 2, 3 and 4."""


def check_generator(network: Generator) -> None:
    """Check shape and range, determinism and independent samples in evaluation mode, gradients of all parameters,
    and bf16.
    """
    rng = torch.Generator().manual_seed(0)
    latents = torch.randn(ROWS, network.latent_size, generator=rng)
    labels = _labels(network)
    samples = network.train()(latents, labels)
    assert samples.shape == (ROWS, *network.shape)
    if len(network.shape) == 3:
        assert samples.abs().max() <= 1, "images must be in [-1, 1]"
    _reaches_every_parameter(network, samples.square().mean())
    network.eval()
    whole = network(latents, labels)
    assert_close(network(latents, labels), whole, atol=0, rtol=0)
    assert_close(network(latents[:2], None if labels is None else labels[:2]), whole[:2], atol=1e-5, rtol=1e-4)
    assert not torch.equal(network(latents.flip(0), labels), whole), "latents change nothing"
    with torch.autocast("cpu", torch.bfloat16):
        assert network(latents, labels).isfinite().all()
    if labels is not None:
        assert not torch.equal(network(latents, _others(labels, network)), whole), "labels change nothing"


def check_discriminator(network: Discriminator) -> None:
    """Check float32 logits per sample (per pack in training), determinism, independence of samples, gradients and bf16.

    Discriminators of patches give a map of logits per sample.
    """
    rng = torch.Generator().manual_seed(0)
    inputs = [torch.rand(ROWS, *network.shape, generator=rng) * 2 - 1]
    if network.condition_channels:
        inputs.append(torch.rand(ROWS, network.condition_channels, *network.shape[1:], generator=rng) * 2 - 1)
    if network.latent_size:
        inputs.append(torch.randn(ROWS, network.latent_size, generator=rng))
    labels = _labels(network)
    output = network.train()(*inputs, labels=labels)
    assert isinstance(output, DiscriminatorOutput)
    assert output.logits.shape[:2] in ((ROWS // network.pack,), (ROWS, 1)), "(N,) logits, or a map (N, 1, h, w)"
    assert output.logits.dim() in (1, 4)
    assert network.pack == 1 or not network.rows_independent, "samples that share a logit depend on each other"
    parts = [output.logits] if output.class_logits is None else [output.logits, output.class_logits.flatten()]
    _reaches_every_parameter(network, torch.cat(parts).square().mean())
    _no_squashing(network)
    if network.rows_independent:
        for layer in network.modules():
            assert not isinstance(layer, nn.modules.batchnorm._BatchNorm), (
                "batch norm makes samples depend on each other"
            )
    network.eval()
    whole = network(*inputs, labels=labels).logits
    assert_close(network(*inputs, labels=labels).logits, whole, atol=0, rtol=0)
    first = [tensor[:2] for tensor in inputs]
    assert_close(network(*first, labels=None if labels is None else labels[:2]).logits, whole[:2], atol=1e-5, rtol=1e-4)
    for position in range(len(inputs)):
        changed = [tensor.flip(0) if i == position else tensor for i, tensor in enumerate(inputs)]
        assert not torch.equal(network(*changed, labels=labels).logits, whole), f"input {position} has no effect"
    with torch.autocast("cpu", torch.bfloat16):
        low = network(*inputs, labels=labels)
        assert low.logits.dtype == torch.float32, "logits must be float32 in every precision"
        assert low.class_logits is None or low.class_logits.dtype == torch.float32
    if labels is not None:
        assert not torch.equal(network(*inputs, labels=_others(labels, network)).logits, whole), "labels change nothing"


def check_translator(network: Translator) -> None:
    """Shapes for the size of training and for a larger one, determinism, independent samples, gradients everywhere,
    bf16.
    """
    rng = torch.Generator().manual_seed(0)
    height, width = (side // network.factor for side in network.size)
    inputs = torch.rand(ROWS, network.input_channels, height, width, generator=rng) * 2 - 1
    outputs = network.train()(inputs)
    assert outputs.shape == (ROWS, network.output_channels, *network.size)
    _reaches_every_parameter(network, outputs.square().mean())
    network.eval()
    whole = network(inputs)
    assert_close(network(inputs), whole, atol=0, rtol=0)
    assert_close(network(inputs[:2]), whole[:2], atol=1e-5, rtol=1e-4)
    assert not torch.equal(network(inputs.flip(0)), whole), "inputs change nothing"
    assert network.multiple % network.factor == 0, "sides of outputs are multiples of the factor"
    assert all(side % network.multiple == 0 for side in network.size)
    larger = network(torch.cat([inputs, inputs], dim=3))
    assert larger.shape[2:] == (network.size[0], 2 * network.size[1])
    with torch.autocast("cpu", torch.bfloat16):
        assert network(inputs).isfinite().all()


def check_encoder(network: Encoder) -> None:
    """Check float32 latents per sample, determinism without noise, gradients of all parameters, and bf16."""
    rng = torch.Generator().manual_seed(0)
    samples = torch.rand(ROWS, *network.shape, generator=rng) * 2 - 1
    latents = network.train()(samples, torch.randn(ROWS, network.latent_size, generator=rng))
    assert latents.shape == (ROWS, network.latent_size)
    _reaches_every_parameter(network, latents.square().mean())
    network.eval()
    whole = network(samples)
    assert_close(network(samples), whole, atol=0, rtol=0)
    assert_close(network(samples[:2]), whole[:2], atol=1e-5, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        assert network(samples).dtype == torch.float32, "latents must be float32 in every precision"


def check_velocity(network: Velocity) -> None:
    """A velocity of the samples' shape, which depends on the time, determinism, independent samples, gradients
    everywhere, bf16.
    """
    rng = torch.Generator().manual_seed(0)
    samples, times = torch.randn(ROWS, *network.shape, generator=rng), torch.rand(ROWS, generator=rng)
    velocities = network.train()(samples, times)
    assert velocities.shape == samples.shape
    _reaches_every_parameter(network, velocities.square().mean())
    network.eval()
    whole = network(samples, times)
    assert_close(network(samples, times), whole, atol=0, rtol=0)
    assert_close(network(samples[:2], times[:2]), whole[:2], atol=1e-5, rtol=1e-4)
    assert not torch.equal(network(samples, times.flip(0)), whole), "the time changes nothing"
    assert not torch.equal(network(samples.flip(0), times), whole), "samples change nothing"
    with torch.autocast("cpu", torch.bfloat16):
        assert network(samples, times).isfinite().all()


def _labels(network: Generator | Discriminator) -> Tensor | None:
    """Classes (N,), token ids (N, 3) of captions, or None."""
    if network.num_words:
        return 1 + torch.arange(3 * ROWS).view(ROWS, 3) % network.num_words
    return torch.arange(ROWS) % network.num_classes if network.num_classes else None


def _others(labels: Tensor, network: Generator | Discriminator) -> Tensor:
    return 1 + labels % network.num_words if network.num_words else (labels + 1) % network.num_classes


def _reaches_every_parameter(network: nn.Module, value: Tensor) -> None:
    gradients = torch.autograd.grad(value, list(network.parameters()), allow_unused=True)
    missing = [name for (name, _), g in zip(network.named_parameters(), gradients, strict=True) if g is None]
    assert not missing, f"no gradient reaches {missing}"


def _no_squashing(network: Discriminator) -> None:
    # An internal decoder may end with tanh, because its output is a sample and not a logit.
    inside = {layer for part in network.modules() if isinstance(part, Generator) for layer in part.modules()}
    last = [layer for layer in network.modules() if not list(layer.children()) and layer not in inside][-1]
    assert not isinstance(last, nn.Sigmoid | nn.Tanh | nn.Softmax), (
        "logits must be raw, without sigmoid or tanh at the end"
    )
