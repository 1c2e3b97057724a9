"""A generator that draws what a caption says, against a discriminator that sees image and caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass
from gannet.games.labels import balanced_labels
from gannet.losses.base import AdversarialLoss
from gannet.networks.captioned import CaptionedDiscriminator, CaptionedGenerator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty
from gannet.types import Batch, Terms


class TextToImage(Adversarial):
    """Matching-aware GAN on captions (Reed et al. 2016, algorithm 1, https://arxiv.org/abs/1605.05396).

    The discriminator sees three kinds of pairs: a real image with its caption, a generated image with the caption that
    it was generated for, and a real image with a wrong caption. The last two count as fake, with equal weight. The
    wrong caption is that of another image of the batch, the one with most words in common, whereas the paper draws one
    at random. A random caption is wrong in most of its words, so D could ignore the others. Both players train the text
    encoder that they own.
    """

    needs_one_process: ClassVar[str] = "it chooses wrong captions among all samples of a batch"

    captions: Tensor
    """(M, L) int64 token ids of the captions that are drawn if none are given."""

    def __init__(
        self,
        generator: CaptionedGenerator,
        discriminator: CaptionedDiscriminator,
        prior: Prior,
        *,
        loss: AdversarialLoss,
        captions: Tensor,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:
        super().__init__(generator, discriminator, prior, loss=loss, penalties=penalties, constraints=constraints)
        # Not a buffer: since Python 3.12, isinstance(game, Captioned) does not see what a module keeps as a buffer.
        self.captions = captions

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """Each player owns its text encoder, as a part of its network."""
        return {"discriminator": [self.discriminator, self.penalties], "generator": [self.generator, self.prior]}

    def turns(self) -> list[Turn]:
        """One turn of D, then one turn of G."""
        return [Turn("discriminator", self.discriminator_terms), Turn("generator", self.generator_terms)]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss against both kinds of fake, and all penalties."""
        captions, discriminator = _captions(batch), self.discriminator
        assert isinstance(discriminator, CaptionedDiscriminator)
        with torch.no_grad():
            fake = self.generate(self.prior.draw(batch.size, batch.rng), captions)
        judged = DiscriminatorPass(discriminator, (batch.real,), (fake,), captions, captions, penalties=self.penalties)
        real, generated = judged.outputs
        adversarial = self.loss.discriminator(real.logits, generated.logits)
        wrong, is_wrong = wrong_captions(captions, discriminator.num_words)
        assert real.features is not None
        if is_wrong.any():
            mismatched = discriminator.logits(real.features, wrong)[is_wrong]
            # Each kind of fake is compared with equally many reals, because paired losses compare sample by sample.
            adversarial = (adversarial + self.loss.discriminator(real.logits[is_wrong], mismatched)) / 2
        minimise = {"adversarial": adversarial, **judged.penalty_terms(batch)}
        return Terms(minimise, {"logit_real": real.logits.mean(), "logit_fake": generated.logits.mean()})

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's side of the loss. Paired losses compare with the reals of this step."""
        captions = _captions(batch)
        fake = self.discriminator(self.generate(self.prior.draw(batch.size, batch.rng), captions), captions).logits
        real = None
        if self.loss.generator_needs_real:
            with torch.no_grad():
                real = self.discriminator(batch.real, captions).logits
        return Terms({"adversarial": self.loss.generator(fake, real)})

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape) for the token ids ``labels`` (count, L); by default for the example captions in turn."""
        if labels is None:
            labels = balanced_labels(self, count, rng.device)
        return self.generate(self.draw_latents(count, rng), labels)


def wrong_captions(captions: Tensor, num_words: int) -> tuple[Tensor, Tensor]:
    """For each caption of a batch (N, L), another one with most words in common (N, L), and whether there is one
    (N,) bool.
    """
    words = one_hot(captions, num_words + 1).amax(1)[:, 1:].float()  # (N, words), without padding
    differs = (captions[:, None] != captions[None]).any(2)
    common, place = (words @ words.T).masked_fill(~differs, -1).max(1)
    return captions[place], common >= 0


def _captions(batch: Batch) -> Tensor:
    assert batch.captions is not None, "the recipe requires data with captions"
    return batch.captions
