"""One plausible bug for every recipe: a line of the source that is easily written wrongly. Its proof has to fail
with it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A change of one file of the package."""

    what: str
    file: str
    """Below ``src/gannet``."""
    old: str
    """Occurs exactly once in the file."""
    new: str

    def apply(self, text: str) -> str:
        """The file with the bug in it.

        Raises:
            ValueError: the old text is not there exactly once.
        """
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {count} times; the bug wants it exactly once.")
        return text.replace(self.old, self.new)


DETACHED_PENALTY = Bug(
    "the penalty is computed without its graph, so it has no gradient",
    "regularizers/base.py",
    "torch.autograd.grad(logits.sum(), inputs, create_graph=True)",
    "torch.autograd.grad(logits.sum(), inputs, retain_graph=True)",
)
DETACHED_ZERO_CENTERED = Bug(
    "R1 and R2 are computed without their graph, so they have no gradient",
    "regularizers/zero_centered.py",
    "inputs, create_graph=True)",
    "inputs, retain_graph=True)",
)
PACKED_WITH_ITSELF = Bug(
    "rows are packed with themselves in training too",
    "networks/packed.py",
    "        if self.training:\n",
    "        if False:\n",
)
UNTAUGHT_ENCODER = Bug(
    "the generator's ordinary loss is taken, so the encoder has no gradient",
    "games/bigan.py",
    "self.loss.pairs(real.logits, fake.logits)",
    "self.loss.generator(fake.logits, real.logits)",
)

BUGS = {
    "gan-ring": Bug(
        "the generator's loss has the wrong sign inside",
        "losses/non_saturating.py",
        "return softplus(-fake).mean()",
        "return softplus(fake).mean()",
    ),
    "gan-deep-gmm": Bug(
        "the moving average is never moved",
        "training/ema.py",
        "1.0 - decay)",
        "0.0)",
    ),
    "lsgan-ring": Bug(
        "the generator aims at the discriminator's target for fakes",
        "losses/least_squares.py",
        "c: float = 1.0",
        "c: float = 0.0",
    ),
    "wgan-gp-gmm": DETACHED_PENALTY,
    "ragan-ring": Bug(
        "the sides are not exchanged for the generator",
        "losses/relativistic_average.py",
        "return self.discriminator(fake, real)",
        "return self.discriminator(real, fake)",
    ),
    "f-gan-ring": Bug(
        "the term of the fakes is not conjugated",
        "losses/f_divergence.py",
        "return self.conjugate(fake).mean() - self.activated(real).mean()",
        "return self.activated(fake).mean() - self.activated(real).mean()",
    ),
    "ebgan-ring": Bug(
        "the margin is added to the energy instead of the energy being taken from it",
        "games/energy_based.py",
        "relu(self.margin - fake_energy)",
        "relu(self.margin + fake_energy)",
    ),
    "unrolled-ring": Bug(
        "the steps ahead climb D's loss",
        "games/unrolled.py",
        "weight - step for",
        "weight + step for",
    ),
    "softmax-gan-ring": Bug(
        "the softmax of D's turn is over the reals alone",
        "losses/softmax.py",
        "torch.cat([real, fake]).logsumexp(0) - real.mean()",
        "real.logsumexp(0) - real.mean()",
    ),
    "began-ring": Bug(
        "D's energy of fakes is taken for minus that of reals",
        "games/began.py",
        'return Terms({"reconstruction": real_energy,',
        'return Terms({"reconstruction": -real_energy,',
    ),
    "dragan-ring": DETACHED_PENALTY,
    "sngan-ring": Bug(
        "the spectral norm is never built in",
        "games/adversarial.py",
        "            constraint.build(discriminator)",
        "            pass",
    ),
    "improved-gan-ring": Bug(
        "closeness grows with distance",
        "networks/minibatch.py",
        "distances.neg().exp()",
        "distances.exp()",
    ),
    "r3gan-ring": DETACHED_ZERO_CENTERED,
    "pacgan2-ring": PACKED_WITH_ITSELF,
    "pacgan4-ring": PACKED_WITH_ITSELF,
    "ali-pac-gmm": UNTAUGHT_ENCODER,
    "particle-gan-grid": Bug(
        "the particles are detached, so they never move",
        "priors/particles.py",
        "self.rate * self.table[rows]",
        "self.rate * self.table[rows].detach()",
    ),
    "dcgan-digits": Bug(
        "reals and fakes are exchanged in D's turn",
        "games/two_player.py",
        "self.loss.discriminator(real_logits, fake_logits)\n        if",
        "self.loss.discriminator(fake_logits, real_logits)\n        if",
    ),
    "dcgan-relativistic-digits": Bug(
        "the generator minimises the discriminator's loss",
        "losses/relativistic_paired.py",
        "return softplus(real - fake).mean()",
        "return softplus(fake - real).mean()",
    ),
    "dcgan-strided-digits": Bug(
        "the parameters start with standard deviation 0.2 instead of 0.02",
        "networks/base.py",
        "0.02",
        "0.2",
    ),
    "pacdcgan2-digits": Bug(
        "packs are built from detached samples, so nothing reaches the generator",
        "networks/packed.py",
        "packs = samples.reshape(",
        "packs = samples.detach().reshape(",
    ),
    "diffaugment-digits": Bug(
        "the augmentation is not differentiated, so nothing reaches the generator",
        "networks/augmented.py",
        "self.augmentation(samples) if self.training",
        "self.augmentation(samples.detach()) if self.training",
    ),
    "ada-digits": Bug(
        "cutout keeps the square and blackens the rest, also of images that it should leave alone",
        "augmentations/base.py",
        "images * ~(hole",
        "images * (hole",
    ),
    "few-images-digits": Bug(
        "the skip-layer excitation replaces the map instead of multiplying it",
        "networks/fastgan.py",
        "made * self.gates[lower](maps[lower])",
        "0 * made + self.gates[lower](maps[lower])",
    ),
    "mlp-gan-digits": Bug(
        "label smoothing with the wrong sign",
        "losses/non_saturating.py",
        "softplus(-real) + self.smoothing * real",
        "softplus(-real) - self.smoothing * real",
    ),
    "wgan-digits": Bug(
        "the critic's weights are never clipped",
        "regularizers/weight_clipping.py",
        "weight.clamp_(-self.limit, self.limit)",
        "weight.clamp(-self.limit, self.limit)",
    ),
    "began-digits": Bug(
        "k moves the wrong way",
        "games/began.py",
        "self.balance.add_(self.balance_rate",
        "self.balance.add_(-self.balance_rate",
    ),
    "cgan-digits": Bug(
        "in the generator's turn the discriminator is shown other labels than the generator",
        "games/two_player.py",
        "self.generate(self.prior.draw(batch.size, batch.rng), labels), labels)",
        "self.generate(self.prior.draw(batch.size, batch.rng), labels), random_labels(batch, self.num_classes))",
    ),
    "acgan-digits": Bug(
        "the generator's turn has no class term",
        "games/auxiliary_classifier.py",
        'real),\n            "class_fake": self.class_term(generated, labels),',
        "real),",
    ),
    "projection-digits": Bug(
        "every label is projected on the first one's row",
        "networks/heads.py",
        "gather(1, labels[:, None])",
        "gather(1, 0 * labels[:, None])",
    ),
    "biggan-small-digits": Bug(
        "every image has the embedding of the first class",
        "networks/biggan.py",
        "self.embedding(labels)",
        "self.embedding(0 * labels)",
    ),
    "style-small-digits": Bug(
        "every image of a batch has the style of the first one",
        "networks/style.py",
        "scales, weight = self.style(styles), ",
        "scales, weight = self.style(styles[:1]), ",
    ),
    "sngan-resnet-digits": Bug(
        "the features of all images of a batch are added up",
        "networks/resnet.py",
        "return relu(self.blocks(samples)).sum((2, 3))",
        "return relu(self.blocks(samples)).sum((0, 2, 3)).expand(len(samples), -1)",
    ),
    "text-to-image-captioned-digits": Bug(
        "the caption is not given to the discriminator",
        "networks/captioned.py",
        "self.match(features) * self.text(tokens)",
        "self.match(features) * self.text(torch.zeros_like(tokens))",
    ),
    "infogan-digits": Bug(
        "the recognizer reads detached features, so neither player learns from it",
        "games/infogan.py",
        "self.recognizer(output.features)",
        "self.recognizer(output.features.detach())",
    ),
    "bigan-digits": UNTAUGHT_ENCODER,
    "ali-digits": Bug(
        "generated images are paired with another sample's latents",
        "games/bigan.py",
        "(self.generate(latents), latents)",
        "(self.generate(latents), latents.roll(1, 0))",
    ),
    "vae-ring": Bug(
        "the entropy of q has the wrong sign, so that q becomes a point",
        "games/vae.py",
        "- 1 - 2 * log_deviation",
        "- 1 + 2 * log_deviation",
    ),
    "flow-matching-ring": Bug(
        "the velocity points from data to noise",
        "games/flow_matching.py",
        "- (batch.real - noise)",
        "- (noise - batch.real)",
    ),
    "flow-matching-digits": Bug(
        "the time stays 0 while samples are drawn, because of a whole-number division",
        "games/flow_matching.py",
        "index / self.evaluations, device",
        "index // self.evaluations, device",
    ),
    "pix2pix-digits": Bug(
        "the L1 term with the wrong sign",
        "games/image_to_image.py",
        'minimise["l1"] = self.l1 * difference',
        'minimise["l1"] = -self.l1 * difference',
    ),
    "pix2pix-digits-blur": Bug(
        "the target is degraded too",
        "games/image_to_image.py",
        "(fake.float() - batch.real).abs()",
        "(fake.float() - self.degradation(batch.real, batch.rng)).abs()",
    ),
    "pix2pix-digits-pairs": Bug(
        "the discriminator is not shown the input",
        "games/image_to_image.py",
        "return images, inputs\n",
        "return images, torch.zeros_like(inputs)\n",
    ),
    "super-resolution-digits": Bug(
        "the features of the output are computed without their graph",
        "features/perceptual.py",
        "zip(self._maps(images), self._targets, strict=True)",
        "zip(self._maps(images.detach()), self._targets, strict=True)",
    ),
    "pix2pix-pairs-of-digits": Bug(
        "every target gets the input of another batch",
        "data/image_table.py",
        "chosen = moved(self._inputs.take(self._rows(count, seed, position)), device)",
        "chosen = moved(self._inputs.take(self._rows(count, seed, position + 1)), device)",
    ),
    "cyclegan-digits": Bug(
        "the discriminator of a class is shown the other class as real",
        "games/cyclegan.py",
        "            real = domains[target]\n",
        "            real = domains[1 - target]\n",
    ),
    "semi-supervised-digits": Bug(
        "the term of rows without a label is forgotten",
        "games/semi_supervised.py",
        '"adversarial": self.loss.discriminator(real, generated),',
        '"adversarial": 0 * self.loss.discriminator(real, generated),',
    ),
}
"""Proof -> the bug that it has to notice; at least one for every recipe."""
