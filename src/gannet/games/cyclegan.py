"""Two generators that translate between two classes of images without pairs, and a discriminator of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from gannet.errors import UserError
from gannet.games.base import Game, Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Translator
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, Terms


class CycleGAN(Game):
    """G_c turns any image into one of class c; D_c distinguishes images of class c from outputs of G_c; the way there
    and back changes nothing.

    Zhu, Park, Isola, Efros 2017, eq. 1 to 3, https://arxiv.org/abs/1703.10593. For images a of class 0 and b of class
    1, the generators minimise their side of the loss plus cycle (E |G_0(G_1(a)) - a| + E |G_1(G_0(b)) - b|) / 2 plus
    identity (E |G_0(a) - a| + E |G_1(b) - b|) / 2. There are no pairs: only the classes of images are known. Half of
    a batch is taken from each class; images of the rarer class are repeated. If a batch lacks a class, only the
    identity term of the other class remains.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generators",)
    needs_one_process: ClassVar[str] = "its terms are means over the samples of each class"
    factor = 1
    num_targets = 2
    fills_transparency = False
    trivial_name = ""

    def __init__(
        self,
        generators: Sequence[Translator],
        discriminators: Sequence[Discriminator],
        *,
        loss: AdversarialLoss,
        cycle: float = 10.0,
        identity: float = 5.0,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:
        """Args:
        generators: to class 0 and to class 1.
        discriminators: of class 0 and of class 1.
        loss: both sides of the adversarial loss.
        cycle: weight of the cycle term, in [-1, 1] units.
        identity: weight of the identity term.
        penalties: terms of the discriminators' turn.
        constraints: what is done to the discriminators' parameters.
        """
        super().__init__()
        assert len(generators) == len(discriminators) == 2
        self.generators, self.discriminators = nn.ModuleList(generators), nn.ModuleList(discriminators)
        self.loss, self.cycle, self.identity = loss, cycle, identity
        self.constraints, self.penalties = list(constraints), nn.ModuleList(penalties)
        for constraint in self.constraints:
            constraint.build(self.discriminators)

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """Both discriminators, and both generators."""
        return {"discriminator": [self.discriminators, self.penalties], "generator": [self.generators]}

    def turns(self) -> list[Turn]:
        """One turn each."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminators' side of the loss, mean of both classes, and all penalties."""
        domains, weights = split(batch)
        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for target, discriminator in enumerate(self.discriminators):
            assert isinstance(discriminator, Discriminator)
            real = domains[target]
            with torch.no_grad():
                fake = self.generators[target](domains[1 - target])
            judged = DiscriminatorPass(discriminator, (real,), (fake,), penalties=self.penalties)
            of_real, of_fake = (output.logits for output in judged.outputs)
            share = weights[0] * weights[1] / 2
            parts = {"adversarial": self.loss.discriminator(of_real, of_fake), **judged.penalty_terms(batch)}
            for name, term in parts.items():
                terms[name] = terms.get(name, 0) + share * term
            for name, logits in (("logit_real", of_real), ("logit_fake", of_fake)):
                watch[name] = watch.get(name, 0) + logits.detach().mean() / 2
        return Terms(terms, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """The generators' side of the loss, the cycle and the identity, means of both classes."""
        domains, weights = split(batch)
        terms: dict[str, Tensor] = {}
        for target, discriminator in enumerate(self.discriminators):
            source = 1 - target
            fake = self.generators[target](domains[source])
            real = None
            if self.loss.generator_needs_real:
                with torch.no_grad():
                    real = discriminator(domains[target]).logits
            share = weights[0] * weights[1] / 2
            back = (self.generators[source](fake) - domains[source]).abs().mean()
            parts = {
                "adversarial": share * self.loss.generator(discriminator(fake).logits, real),
                "cycle": share * self.cycle * back,
            }
            if self.identity:
                same = (self.generators[target](domains[target]) - domains[target]).abs().mean()
                parts["identity"] = weights[target] / 2 * self.identity * same
            for name, term in parts.items():
                terms[name] = terms.get(name, 0) + term
        return Terms(terms)

    def translate(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Inputs (N, C, H, W) and the class of each output (N,) -> images (N, C, H, W) in [-1, 1].

        Raises:
            UserError: no class is given.
        """
        if labels is None:
            raise UserError("needs the class to translate to: add --to CLASS.")
        if torch.compiler.is_exporting():  # the graph of an exported network cannot depend on values
            first, second = (generator(inputs).float().clamp(-1, 1) for generator in self.generators)
            return torch.where((labels == 1).view(-1, 1, 1, 1), second, first)
        made = torch.empty_like(inputs, dtype=torch.float32)
        for target, generator in enumerate(self.generators):
            rows = labels == target
            if rows.any():
                made[rows] = generator(inputs[rows]).float().clamp(-1, 1)
        return made

    def translations(
        self, images: Tensor, labels: Tensor | None, rng: torch.Generator, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """(N, C, H, W) images and their classes -> ``input``, ``output`` in the other class, and ``back``."""
        assert labels is not None
        output = self.translate(images, 1 - labels)
        return {"input": images, "output": output, "back": self.translate(output, labels)}

    def inputs_of(self, images: Tensor, rng: torch.Generator, given: Tensor | None = None) -> Tensor:
        """The images."""
        return images

    def trivial(self, inputs: Tensor) -> Tensor:
        """The images."""
        return inputs

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor | None:
        """None: an image of another class has nothing exactly in common with its input."""
        return None

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """The image."""
        return image

    def corrected(self, images: Tensor, inputs: Tensor) -> Tensor:
        """The images."""
        return images

    def after_turn(self, player: str) -> None:
        """Apply the constraints after the discriminators' steps."""
        if player == "discriminator":
            for constraint in self.constraints:
                constraint.apply(self.discriminators)

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """Not available: outputs need inputs. ``training/sampling.py`` samples such games from images.

        Raises:
            TypeError: always.
        """
        raise TypeError("This game translates images: give it inputs (Game.translate).")


def split(batch: Batch) -> tuple[list[Tensor], list[float]]:
    """The images of each class, half of the batch's size each, and the weight of each class: 0 if the batch has none of
    it, else 1.
    """
    assert batch.labels is not None
    domains, weights, count = [], [], max(1, batch.size // 2)
    for label in range(2):
        rows = (batch.labels == label).nonzero()[:, 0]
        weights.append(float(len(rows) > 0))
        rows = rows if len(rows) else torch.arange(batch.size, device=batch.real.device)
        domains.append(batch.real[rows[torch.arange(count, device=rows.device) % len(rows)]])
    return domains, weights
