"""The three-layer GAN on the ring as a plain eager fp32 PyTorch loop."""

import math

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

BATCH = 128


def make_network(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs))


class Loop:
    """Two networks and two optimizers; ``step`` trains each once."""

    def __init__(self, seed=0, device="cpu"):
        torch.manual_seed(seed)
        self.device = device
        angles = torch.arange(8, device=device) * (math.pi / 4)
        self.means = torch.stack([angles.cos(), angles.sin()], 1) * math.sqrt(2)
        self.generator, self.discriminator = make_network(32, 2).to(device), make_network(2, 1).to(device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))

    def step(self):
        ones, zeros = torch.ones(BATCH, 1, device=self.device), torch.zeros(BATCH, 1, device=self.device)
        real = self.means[torch.randint(8, (BATCH,), device=self.device)] + 0.014 * torch.randn(
            BATCH, 2, device=self.device
        )
        self.discriminator_optimizer.zero_grad()
        fake = self.generator(torch.randn(BATCH, 32, device=self.device)).detach()
        loss = cross_entropy(self.discriminator(real), ones) + cross_entropy(self.discriminator(fake), zeros)
        loss.backward()
        self.discriminator_optimizer.step()
        self.generator_optimizer.zero_grad()
        generator_loss = cross_entropy(
            self.discriminator(self.generator(torch.randn(BATCH, 32, device=self.device))), ones
        )
        generator_loss.backward()
        self.generator_optimizer.step()
