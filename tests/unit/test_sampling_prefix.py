"""The first samples do not depend on how many are drawn."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gannet.games.base import Game
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.priors.particles import Particles
from gannet.priors.uniform import Uniform
from gannet.training import sampling
from gannet.training.sampling import sample_game
from gannet.types import DiscriminatorOutput

SIZES = (1, 7, 100)


class Image(Generator):
    num_classes, shape = 3, (2, 8, 8)

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.layers = nn.Sequential(
            nn.Linear(latent_size + 1, 128), nn.Unflatten(1, (2, 8, 8)), nn.Conv2d(2, 2, 3, 1, 1)
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        assert labels is not None
        return self.layers(torch.cat([latents, labels[:, None].float()], 1))


class Flat(Discriminator):
    rows_independent, num_classes, shape = True, 3, (2, 8, 8)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput(samples.flatten(1).sum(1))


def game_with(prior: Prior) -> Game:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TwoPlayer(Image(prior.size), Flat(), prior, loss=NonSaturating())


def drawn(game: Game, count: int) -> Tensor:
    return sample_game(game, count, torch.Generator().manual_seed(5))


@pytest.mark.parametrize("chunk", [1, 7, 64, 512])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("prior", ["gaussian", "truncated", "uniform", "particles"])
def test_fewer_samples_are_the_first_of_more(
    prior: str, size: int, layout: torch.memory_format, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"uniform": Uniform, "particles": lambda n: Particles(50, n)}.get(prior, Gaussian)(size)
    if prior == "truncated":
        made.limit = 0.7  # type: ignore[assignment]
    game = game_with(made).to(memory_format=layout)  # type: ignore[call-overload]
    whole = drawn(game, 70)
    monkeypatch.setattr(sampling, "CHUNK", chunk)
    for count in (1, 2, 5, 31, 33, 64, 70):
        assert torch.equal(drawn(game, count), whole[:count]), count
