"""A generator against a discriminator, with any loss, penalties and constraints; unconditional or class-conditional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from gannet.errors import UserError
from gannet.games.adversarial import Adversarial
from gannet.games.base import Turn
from gannet.games.discriminator_pass import DiscriminatorPass, feature_distance
from gannet.games.labels import balanced_labels, random_labels
from gannet.losses.base import AdversarialLoss
from gannet.networks.augmented import Augmented
from gannet.networks.plain import as_discriminator, as_generator
from gannet.priors.base import Prior
from gannet.regularizers.base import Constraint, Penalty, WeightPenalty, term_name
from gannet.types import Batch, DiscriminatorOutput, Terms


class TwoPlayer(Adversarial):
    """G and D minimise the two sides of the loss in turn (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661).

    If the networks are class-conditional, both see the labels, and labels of fakes are random (Mirza and Osindero 2014,
    https://arxiv.org/abs/1411.1784). ``matching_aware`` adds real samples with a wrong label as a second kind of fake
    (Reed et al. 2016, algorithm 1, https://arxiv.org/abs/1605.05396). With ``feature_matching`` the generator minimises
    |E f(x) - E f(G(z))|^2 instead of the loss, where f is the last hidden layer of D (Salimans et al. 2016, section
    3.1, https://arxiv.org/abs/1606.03498).

    With a ``decoder``, D also minimises ``reconstruction`` E |decoder(f(x)) - x| on reals, where x is the image as D
    saw it, smaller, f its last feature map: a map from which the image can be rebuilt describes all of it, so D
    overfits few images later (Liu et al. 2021, section 3.2, https://arxiv.org/abs/2101.04775; there with a perceptual
    distance, which needs a pre-trained network, instead of the mean absolute difference).

    Both networks may be plain modules, see :mod:`gannet.networks.plain`.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        prior: Prior,
        *,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
        constraints: Sequence[Constraint] = (),
        weight_penalties: Mapping[str, WeightPenalty] | None = None,
        critic_steps: int = 1,
        matching_aware: bool = False,
        feature_matching: bool = False,
        decoder: nn.Module | None = None,
        reconstruction: float = 1.0,
    ) -> None:
        generator = as_generator(generator, prior.size)
        discriminator = as_discriminator(discriminator, generator.shape)
        if generator.num_classes != discriminator.num_classes:
            raise UserError(
                f"The generator has num_classes={generator.num_classes} and the discriminator "
                f"{discriminator.num_classes}; both networks see the class labels, or neither."
            )
        super().__init__(generator, discriminator, prior, loss=loss, penalties=penalties, constraints=constraints)
        self.decoder, self.reconstruction = decoder, reconstruction
        self.num_classes, self.critic_steps = generator.num_classes, critic_steps
        self.matching_aware, self.feature_matching = matching_aware, feature_matching
        self.notes = tuple(note for network in (generator, discriminator) for note in getattr(network, "notes", ()))
        self.weight_penalties = nn.ModuleDict(weight_penalties or {})
        for player, penalty in (weight_penalties or {}).items():
            penalty.build(self.players[player])

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        """The trainable parameters of the prior, if any, belong to the generator; the decoder to the discriminator."""
        decoders = [] if self.decoder is None else [self.decoder]
        return {
            "discriminator": [self.discriminator, self.penalties, *decoders],
            "generator": [self.generator, self.prior],
        }

    def turns(self) -> list[Turn]:
        """``critic_steps`` turns of D, then one turn of G."""
        return [
            Turn("discriminator", self.discriminator_terms, self.critic_steps),
            Turn("generator", self.generator_terms),
        ]

    def discriminator_terms(self, batch: Batch) -> Terms:
        """The discriminator's side of the loss, all penalties, and the penalty on its parameters."""
        real, real_labels = batch.real, batch.labels if self.num_classes else None
        fake_labels = random_labels(batch, self.num_classes)
        with torch.no_grad():
            fake = self.generate(self.prior.draw(batch.size, batch.rng), fake_labels)
        judged = DiscriminatorPass(
            self.discriminator, (real,), (fake,), real_labels, fake_labels, penalties=self.penalties
        )
        real_logits, fake_logits = (output.logits for output in judged.outputs)
        adversarial = self.loss.discriminator(real_logits, fake_logits)
        if self.matching_aware:
            assert real_labels is not None
            shift = torch.randint(1, self.num_classes, real_labels.shape, generator=batch.rng, device=real.device)
            mismatched = self.discriminator(real, (real_labels + shift) % self.num_classes).logits
            # Each kind of fake is compared with equally many reals, because paired losses compare sample by sample.
            adversarial = (adversarial + self.loss.discriminator(real_logits, mismatched)) / 2
        minimise = {"adversarial": adversarial, **judged.penalty_terms(batch), **self.parameter_terms("discriminator")}
        if self.decoder is not None:
            minimise["reconstruction"] = self.reconstruction * rebuilding_error(self.decoder, judged.outputs[0])
        watch = {"logit_real": real_logits.mean(), "logit_fake": fake_logits.mean()}
        if isinstance(self.discriminator, Augmented):
            watch |= self.discriminator.follow(real_logits, fake_logits, relative=self.relative_logits)
        return Terms(minimise, watch)

    def generator_terms(self, batch: Batch) -> Terms:
        """The generator's side of the loss, or feature matching. Paired losses compare with the reals of this step.

        The penalty on its parameters is added.
        """
        labels = random_labels(batch, self.num_classes)
        fake = self.discriminator(self.generate(self.prior.draw(batch.size, batch.rng), labels), labels)
        real = None
        if self.loss.generator_needs_real or self.feature_matching:
            with torch.no_grad():
                real = self.discriminator(batch.real, batch.labels if self.num_classes else None)
        if self.feature_matching:
            assert real is not None
            minimise = {"feature_matching": feature_distance(real.features, fake.features)}
        else:
            minimise = {"adversarial": self.loss.generator(fake.logits, real.logits if real else None)}
        return Terms({**minimise, **self.parameter_terms("generator")})

    def parameter_terms(self, player: str) -> dict[str, Tensor]:
        """The penalty on the player's parameters, if any."""
        penalties = [self.weight_penalties[player]] if player in self.weight_penalties else []
        return {term_name(penalty): penalty(self.players[player]) for penalty in penalties}

    def pull(self, fake: Tensor, real: Tensor) -> Tensor:
        """(N, *shape) twice -> (N, *shape): -N d(generator's loss) / d fake, for unconditional games."""
        fake = fake.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.loss.generator(self.logits(fake), self.logits(real) if self.loss.generator_needs_real else None)
        return -len(fake) * torch.autograd.grad(loss, fake)[0]

    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape). Default labels are 0, 1, 2, ... cyclically, so that all classes are equally frequent."""
        if labels is None:
            labels = balanced_labels(self, count, rng.device)
        return self.generate(self.draw_latents(count, rng), labels if self.num_classes else None)


def rebuilding_error(decoder: nn.Module, real: DiscriminatorOutput) -> Tensor:
    """Mean absolute difference of what the decoder makes of the features and what D saw, a scalar."""
    assert real.features is not None
    assert real.seen is not None
    return (decoder(real.features) - real.seen.detach()).float().abs().mean()
