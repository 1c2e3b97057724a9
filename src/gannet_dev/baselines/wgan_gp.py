"""The reference WGAN-GP as a plain eager fp32 PyTorch loop: five critic steps with a penalty, then one of the
generator.
"""

import torch
from torch import nn

BATCH = 64


def make_generator():
    return nn.Sequential(
        nn.Linear(100, 2048), nn.BatchNorm1d(2048), nn.LeakyReLU(0.3), nn.Unflatten(1, (128, 4, 4)),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 5, 1, 2), nn.BatchNorm2d(128), nn.LeakyReLU(0.3),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 5, 1, 2), nn.BatchNorm2d(64), nn.LeakyReLU(0.3),
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(64, 32, 5, 1, 2), nn.BatchNorm2d(32), nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(32, 3, 5, 1, 2), nn.Tanh(),
    )  # fmt: skip


def make_critic():
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, 2, 2), nn.LeakyReLU(0.3),
        nn.Conv2d(32, 64, 5, 2, 2), nn.LeakyReLU(0.3), nn.Dropout(0.3),
        nn.Conv2d(64, 128, 5, 2, 2), nn.LeakyReLU(0.3),
        nn.Conv2d(128, 128, 5, 1, 2), nn.LeakyReLU(0.3),
        nn.Flatten(), nn.Linear(2048, 1),
    )  # fmt: skip


class Loop:
    """``step``: five critic steps and one generator step."""

    def __init__(self, images, seed=0, device="cpu"):
        torch.manual_seed(seed)
        self.images = images.to(device)
        self.generator, self.critic = make_generator().to(device), make_critic().to(device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.0, 0.9))
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), 2e-4, (0.0, 0.9))

    def penalty(self, real, fake):
        mix = torch.rand(BATCH, 1, 1, 1, device=real.device)
        between = (mix * real + (1 - mix) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        return 10 * (gradient.flatten(1).norm(dim=1) - 1).square().mean()

    def step(self):
        for _ in range(5):
            real = self.images[torch.randint(len(self.images), (BATCH,), device=self.images.device)]
            self.critic_optimizer.zero_grad()
            fake = self.generator(torch.randn(BATCH, 100, device=self.images.device)).detach()
            loss = self.critic(fake).mean() - self.critic(real).mean() + self.penalty(real, fake)
            loss.backward()
            self.critic_optimizer.step()
        self.generator_optimizer.zero_grad()
        (-self.critic(self.generator(torch.randn(BATCH, 100, device=self.images.device))).mean()).backward()
        self.generator_optimizer.step()
