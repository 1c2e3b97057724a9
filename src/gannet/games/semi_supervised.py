"""A discriminator that classifies, trained with few class labels and all real samples."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass, feature_distance
from gannet.types import Batch, Terms


class SemiSupervised(Adversarial):
    """D gives K class logits; G matches the mean features of real samples.

    D minimises the loss on unlabelled samples against fakes, plus the cross-entropy of labelled samples. G minimises
    |E f(x) - E f(G(z))|^2, where f is the last hidden layer of D (Salimans et al. 2016, sections 3.1 and 5,
    https://arxiv.org/abs/1606.03498). Unlabelled samples have label -1. Labelled samples are used only in the
    cross-entropy, because batches contain far more of them than the data do. If a batch has only labelled samples, all
    terms use them.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior", "discriminator")
    needs_one_process: ClassVar[str] = "its terms are means over the samples with or without a label"

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss, the cross-entropy of labelled samples, and all penalties."""
        assert batch.labels is not None
        labelled = batch.labels >= 0
        unlabelled = self.unlabelled(batch)
        with torch.no_grad():
            fake = self.generate(self.draw_latents(len(unlabelled), batch.rng))
        judged = DiscriminatorPass(self.discriminator, (unlabelled,), (fake,), penalties=self.penalties)
        real, generated = (output.logits for output in judged.outputs)
        minimise = {
            "adversarial": self.loss.discriminator(real, generated),
            "supervised": self.supervised(batch.real[labelled], batch.labels[labelled]),
            **judged.penalty_terms(batch),
        }
        return Terms(minimise, {"logit_real": real.mean(), "logit_fake": generated.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """Feature matching: the squared distance of the mean features."""
        unlabelled = self.unlabelled(batch)
        fake = self.generate(self.draw_latents(len(unlabelled), batch.rng))
        with torch.no_grad():
            wanted = self.discriminator(unlabelled).features
        return Terms({"feature_matching": feature_distance(wanted, self.discriminator(fake).features)})

    def unlabelled(self, batch: Batch) -> Tensor:
        """The samples without a label, or all samples if every sample has a label."""
        assert batch.labels is not None
        hidden = batch.labels < 0
        return batch.real[hidden] if hidden.any() else batch.real

    def supervised(self, samples: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy in nats, 0 without samples."""
        return cross_entropy(self.classify(samples), labels, reduction="sum") / max(1, len(labels))

    def classify(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, K) class logits."""
        class_logits = self.discriminator(samples).class_logits
        assert class_logits is not None, "the discriminator must give class logits"
        return class_logits
