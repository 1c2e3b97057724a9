"""Your own networks: two plain torch modules, as tutorials define them, go into a game and a recipe unchanged.

The networks are those of PyTorch's DCGAN tutorial in small: latents (N, 100, 1, 1) in, a probability out. Gannet finds
their shapes by a call with two samples. It notices the sigmoid at the end of the discriminator and leaves it out,
because losses take logits.

    python examples/09_your_own_networks.py [STEPS]

On the command line, the recipe is the function with the name of the file, without its number:

    gannet train digits data.size=32 --recipe examples/09_your_own_networks.py optimizer.generator.lr=1e-4
"""

from __future__ import annotations

import sys

from torch import Tensor, nn

import gannet
from gannet.data.base import Form, silent
from gannet.data.digits import Digits
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.priors.gaussian import Gaussian
from gannet.training.experiment import Experiment, Optimizer, Optimizers

LATENTS = 100


class TutorialGenerator(nn.Module):
    """(N, 100, 1, 1) -> (N, C, 32, 32)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(LATENTS, 64, 4, 1, 0, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(True),
            nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(True),
            nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(True),
            nn.ConvTranspose2d(16, channels, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """One image for each latent."""
        return self.main(latents)


class TutorialDiscriminator(nn.Module):
    """(N, C, 32, 32) -> (N, 1, 1, 1), a probability."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, 16, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(16, 32, 4, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(32, 1, 8, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """How likely each image is real."""
        return self.main(images)


OPTIMIZERS = Optimizers(Optimizer(lr=2e-4, beta1=0.5), Optimizer(lr=2e-4, beta1=0.5))


@gannet.recipe(kind="images", data={"size": 32})
def your_own_networks(
    form: Form, *, steps: int = 1_000, batch_size: int = 64, optimizer: Optimizers = OPTIMIZERS
) -> Experiment:
    """A recipe is a function from the form of the data to an experiment."""
    channels = form.shape[0]
    game = TwoPlayer(
        TutorialGenerator(channels), TutorialDiscriminator(channels), Gaussian(LATENTS), loss=NonSaturating()
    )
    return Experiment(game, optimizer, batch_size, steps)


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    game = your_own_networks(Digits(size=32).open(silent).form).game
    print(f"generator    makes {' x '.join(map(str, game.generator.shape))}")
    print(f"note         {game.notes[0]}")
    run = gannet.train("digits", recipe=__file__, steps=steps, out="runs/own-networks", quiet=True)
    print(f"trained      {run.step} steps, {run.path}")
