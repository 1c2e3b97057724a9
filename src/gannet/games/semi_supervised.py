"""A discriminator that classifies, taught by a few labels and by everything that is real."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gannet.games.adversarial import Adversarial
from gannet.games.scoring import Scorer, feature_distance
from gannet.types import Batch, Terms


class SemiSupervised(Adversarial):
    """D gives K class logits; G matches the features of real samples.

    D minimises the loss on scores of rows without a label against fakes, plus the cross-entropy of the rows that show
    their label; G minimises |E f(x) - E f(G(z))|^2, f the last hidden layer of D (Salimans et al. 2016, sections 3.1
    and 5, https://arxiv.org/abs/1606.03498). Rows with label -1 have no part in the cross-entropy; rows with a label have
    no part in the other terms, where they would come up far more often than their share of the data, unless a batch
    holds no others.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior", "discriminator")

    def discriminator_terms(self, batch: Batch) -> Terms:
        """Real against generated, class against class, and every penalty."""
        assert batch.labels is not None
        labelled = batch.labels >= 0
        unlabelled = self.unlabelled(batch)
        with torch.no_grad():
            fake = self.generate(self.draw_latents(len(unlabelled), batch.rng))
        scorer = Scorer(self.discriminator, (unlabelled,), (fake,))
        scorer.differentiate(self.penalties)
        real, generated = (score.logits for score in scorer.both())
        minimise = {
            "adversarial": self.loss.discriminator(real, generated),
            "supervised": self.supervised(batch.real[labelled], batch.labels[labelled]),
            **scorer.penalty_terms(self.penalties, batch),
        }
        return Terms(minimise, {"score_real": real.mean(), "score_fake": generated.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """Feature matching: equal means over the batch in every feature."""
        unlabelled = self.unlabelled(batch)
        fake = self.generate(self.draw_latents(len(unlabelled), batch.rng))
        with torch.no_grad():
            wanted = self.discriminator(unlabelled).features
        return Terms({"feature_matching": feature_distance(wanted, self.discriminator(fake).features)})

    def unlabelled(self, batch: Batch) -> Tensor:
        """The rows without a label; all rows of a batch in which every row has one."""
        assert batch.labels is not None
        hidden = batch.labels < 0
        return batch.real[hidden] if hidden.any() else batch.real

    def supervised(self, samples: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy in nats, 0 where there are no rows."""
        return cross_entropy(self.classify(samples), labels, reduction="sum") / max(1, len(labels))

    def classify(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, K) class logits."""
        class_logits = self.discriminator(samples).class_logits
        assert class_logits is not None, "the discriminator must give class logits"
        return class_logits
