"""The reference DCGAN as a plain eager fp32 PyTorch loop, the baseline of `make bench`.

Networks, initialisation, batch, loss and optimizer equal those of the recipe `dcgan`. The data are float tensors in
memory. Usage: python -m gannet_dev.baselines.dcgan STEPS  -> prints images per second after a warm-up of 10 steps.
"""

import sys
import time

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

BATCH = 128


def make_generator():
    return nn.Sequential(
        nn.Linear(96, 1024), nn.ReLU(), nn.BatchNorm1d(1024),
        nn.Linear(1024, 7 * 7 * 128), nn.ReLU(), nn.BatchNorm1d(7 * 7 * 128),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(), nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def make_discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 1024), nn.LeakyReLU(0.01), nn.Linear(1024, 1),
    )  # fmt: skip


class Loop:
    """Two networks and two optimizers; ``step`` trains each once."""

    def __init__(self, images, seed=0, device="cpu"):
        torch.manual_seed(seed)
        self.images = images.to(device)
        self.generator, self.discriminator = make_generator().to(device), make_discriminator().to(device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 1e-3, (0.5, 0.999))
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), 1e-3, (0.5, 0.999))

    def noise(self):
        return torch.rand(BATCH, 96, device=self.images.device) * 2 - 1

    def step(self):
        ones, zeros = torch.ones(BATCH, 1, device=self.images.device), torch.zeros(BATCH, 1, device=self.images.device)
        real = self.images[torch.randint(len(self.images), (BATCH,), device=self.images.device)]
        self.discriminator_optimizer.zero_grad()
        fake = self.generator(self.noise()).detach()
        loss = cross_entropy(self.discriminator(real), ones) + cross_entropy(self.discriminator(fake), zeros)
        loss.backward()
        self.discriminator_optimizer.step()
        self.generator_optimizer.zero_grad()
        generator_loss = cross_entropy(self.discriminator(self.generator(self.noise())), ones)
        generator_loss.backward()
        self.generator_optimizer.step()


def main():
    steps = int(sys.argv[1])
    loop = Loop(torch.rand(10_000, 1, 28, 28) * 2 - 1)
    for _ in range(10):
        loop.step()
    begin = time.perf_counter()
    for _ in range(steps):
        loop.step()
    print(f"{BATCH * steps / (time.perf_counter() - begin):.1f} images/s")


if __name__ == "__main__":
    main()
