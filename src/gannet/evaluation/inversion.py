"""Find the latents whose samples are nearest to given real samples: gradient descent through the generator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Tensor

from gannet.data.base import Progress, silent
from gannet.features.perceptual import Perceptual
from gannet.games.base import Encodes, Game, Generates
from gannet.games.labels import balanced_labels
from gannet.training.sampling import CHUNK, evaluating

RANGE_DRAWN = 1024
"""Latents whose smallest and largest coordinates bound the search: outside them the model does not generate."""
TOGETHER = 64
"""Candidates that are improved at once."""


@dataclass(frozen=True)
class Search:
    """How latents are searched."""

    starts: int = 64
    """Latents that are tried first, the same for all targets."""
    keep: int = 4
    """The nearest of them, which are improved."""
    steps: int = 200
    """Steps of Adam."""
    lr: float = 0.1
    """First learning rate of Adam, in standard deviations of the latents; it falls to 0 as a half cosine."""
    features: float = 0.1
    """Weight of the feature distance of images, next to the mean squared error of values in [-1, 1]."""


@dataclass(frozen=True)
class Inverted:
    """What was found for N targets."""

    latents: Tensor
    """(N, latent_size)."""
    labels: Tensor | None
    """(N,) classes, or (N, L) token ids of the captions, with which they were found; None for unconditional games."""
    samples: Tensor
    """(N, *shape) in normalised units: what the latents generate."""
    errors: Tensor
    """(N,) root mean squared error of values in normalised units."""


def invert(
    game: Generates,
    targets: Tensor,
    *,
    rng: torch.Generator,
    search: Search | None = None,
    labels: Tensor | None = None,
    progress: Progress = silent,
) -> Inverted:
    """The latents whose samples are nearest to ``targets`` (N, *shape), in evaluation mode of the game.

    Of ``starts`` random latents the nearest ``keep`` are improved by Adam, and the best result counts (Creswell and
    Bharath 2018, https://arxiv.org/abs/1802.05701; Abdal et al. 2019, https://arxiv.org/abs/1904.03189). If the game
    has an encoder, its latent replaces the last of those that are kept. Latents stay within the range of coordinates
    that the prior draws. The classes or captions of the starts are all classes, or the example captions, in turn.

    Args:
        game: what generates.
        targets: (N, *shape) in normalised units.
        rng: source of the starts.
        search: how latents are searched; the default search if None.
        labels: (N,) known classes of the targets; None to try all classes.
        progress: called with the number of finished targets.
    """
    assert isinstance(game, Game)
    search = search or Search()
    drawn = game.draw_latents(max(RANGE_DRAWN, search.starts), rng)
    parts: list[Inverted] = []
    size = max(1, TOGETHER // search.keep)
    with evaluating(game), _constant(game):
        for first in range(0, len(targets), size):
            progress("inverting", first, len(targets))
            known = None if labels is None else labels[first : first + size]
            parts.append(_Descent(game, targets[first : first + size], drawn, known, search).result())
    progress("inverting", len(targets), len(targets))
    of_classes = [part.labels for part in parts if part.labels is not None]
    return Inverted(
        torch.cat([part.latents for part in parts]),
        torch.cat(of_classes) if of_classes else None,
        torch.cat([part.samples for part in parts]),
        torch.cat([part.errors for part in parts]),
    )


class _Descent:
    """The search for a few targets at once."""

    def __init__(self, game: Game, targets: Tensor, drawn: Tensor, labels: Tensor | None, search: Search) -> None:
        assert isinstance(game, Generates)
        self.game, self.targets, self.search = game, targets, search
        self.low, self.high, self.spread = drawn.amin(0), drawn.amax(0), float(drawn.std())
        is_image = targets.dim() == 4 and targets.shape[1] in (1, 3)
        self.perceptual = Perceptual(targets) if is_image and search.features else None
        self.rows = torch.arange(len(targets), device=targets.device).repeat_interleave(search.keep)
        starts = drawn[: search.starts]
        start_labels = balanced_labels(game, len(starts), starts.device)
        near = self._nearest(starts, start_labels, labels)  # (N, keep)
        self.latents = starts[near.flatten()].clone()
        self.labels = None if start_labels is None else start_labels[near.flatten()]
        if isinstance(game, Encodes):
            with torch.no_grad():
                encoded = game.encode(targets).clamp(self.low, self.high)
            self.latents[search.keep - 1 :: search.keep] = encoded

    @torch.no_grad()
    def _nearest(self, starts: Tensor, start_labels: Tensor | None, labels: Tensor | None) -> Tensor:
        made = torch.cat(
            [
                self.game.generate(starts[i : i + CHUNK], None if start_labels is None else start_labels[i : i + CHUNK])
                for i in range(0, len(starts), CHUNK)
            ]
        )
        distances = torch.stack(
            [
                self._loss(made.float(), torch.full((len(made),), row, device=made.device))
                for row in range(len(self.targets))
            ]
        )  # (N, starts)
        if labels is not None and start_labels is not None:
            distances = distances.masked_fill(labels[:, None] != start_labels, torch.inf)
        return distances.topk(min(self.search.keep, len(starts)), largest=False).indices

    def _loss(self, samples: Tensor, rows: Tensor) -> Tensor:
        """(M, *shape) and the rows of their targets (M,) -> (M,)."""
        loss = (samples - self.targets[rows]).square().flatten(1).mean(1)
        return loss if self.perceptual is None else loss + self.search.features * self.perceptual(samples, rows)

    def result(self) -> Inverted:
        """Improve the candidates and choose the best of each target."""
        latents = self.latents.requires_grad_()
        optimizer = torch.optim.Adam([latents])
        best = torch.full((len(latents),), torch.inf, device=latents.device)
        kept = latents.detach().clone()
        for step in range(self.search.steps + 1):
            with torch.enable_grad():
                losses = self._loss(self.game.generate(latents, self.labels).float(), self.rows)
                better = losses.detach() < best
                best = torch.where(better, losses.detach(), best)
                kept[better] = latents.detach()[better]
                if step == self.search.steps:
                    break
                (latents.grad,) = torch.autograd.grad(losses.sum(), latents)
            for group in optimizer.param_groups:
                group["lr"] = self.search.lr * self.spread * (0.5 + 0.5 * cos(pi * step / self.search.steps))
            optimizer.step()
            with torch.no_grad():
                latents.clamp_(self.low, self.high)
        keep = self.search.keep
        chosen = best.view(-1, keep).argmin(1) + keep * torch.arange(len(self.targets), device=best.device)
        labels = None if self.labels is None else self.labels[chosen]
        with torch.no_grad():
            samples = self.game.generate(kept[chosen], labels).float()
            errors = (samples - self.targets).square().flatten(1).mean(1).sqrt()
        return Inverted(kept[chosen], labels, samples, errors)


@contextmanager
def _constant(game: Game) -> Iterator[None]:
    """Inside, parameters need no gradients: only the latents do."""
    needed = [parameter for parameter in game.parameters() if parameter.requires_grad]
    for parameter in needed:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in needed:
            parameter.requires_grad_(True)
