"""A class-conditional generator against a discriminator that also classifies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.games.labels import balanced_labels, random_labels
from gannet.losses.base import AdversarialLoss
from gannet.networks.base import Discriminator, Generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, DiscriminatorOutput, Terms


class AuxiliaryClassifier(Adversarial):
    """AC-GAN: D adds the class cross-entropy of reals and fakes to its loss; G adds that of fakes.

    Odena, Olah, Shlens 2017, eq. 2 and 3, https://arxiv.org/abs/1610.09585. The discriminator does not see the class
    labels; it predicts them. Labels of fakes are drawn uniformly.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
        class_weight: float = 1.0,
    ) -> None:
        assert generator.num_classes > 0
        assert discriminator.num_classes == 0
        super().__init__(generator, discriminator, prior, loss=loss, penalties=penalties, constraints=constraints)
        self.num_classes, self.class_weight = generator.num_classes, class_weight

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss, the class terms of reals and fakes, and all penalties."""
        labels = random_labels(batch, self.num_classes)
        with torch.no_grad():
            fake = self.generate(self.draw_latents(batch.size, batch.rng), labels)
        judged = DiscriminatorPass(self.discriminator, (batch.real,), (fake,), penalties=self.penalties)
        real, generated = judged.outputs
        minimise = {
            "adversarial": self.loss.discriminator(real.logits, generated.logits),
            "class_real": self.class_term(real, batch.labels),
            "class_fake": self.class_term(generated, labels),
            **judged.penalty_terms(batch),
        }
        return Terms(minimise, {"logit_real": real.logits.mean(), "logit_fake": generated.logits.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's side of the loss, and the class term of the fakes."""
        labels = random_labels(batch, self.num_classes)
        generated = self.discriminator(self.generate(self.draw_latents(batch.size, batch.rng), labels))
        real = None
        if self.loss.generator_needs_real:
            with torch.no_grad():
                real = self.discriminator(batch.real).logits
        minimise = {
            "adversarial": self.loss.generator(generated.logits, real),
            "class_fake": self.class_term(generated, labels),
        }
        return Terms(minimise)

    def class_term(self, output: DiscriminatorOutput, labels: Tensor | None) -> Tensor:
        """Weighted mean cross-entropy of the class logits, in nats."""
        assert output.class_logits is not None
        assert labels is not None
        return self.class_weight * cross_entropy(output.class_logits, labels)

    def classify(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, K) class logits."""
        class_logits = self.discriminator(samples).class_logits
        assert class_logits is not None, "the discriminator must give class logits"
        return class_logits

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape). Default labels are 0, 1, 2, ... cyclically, so that all classes are equally frequent."""
        if labels is None:
            labels = balanced_labels(self, count, rng.device)
        return self.generate(self.draw_latents(count, rng), labels)
