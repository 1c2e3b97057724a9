"""The f-GAN family: a variational bound of an f-divergence."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gannet.losses.base import AdversarialLoss, Example

Divergence = Literal["kl", "reverse-kl", "jensen-shannon", "pearson", "squared-hellinger"]


@dataclass(frozen=True)
class FDivergence(AdversarialLoss):
    """D maximises the bound E g(D(x)) - E f*(g(D(G(z)))) <= E_Q f(p/q), p the data's density and q the generator's.

    G minimises -E g(D(G(z))): the paper's practical form (section 3.2), which has the same fixed points as the bound
    and a stronger gradient while D wins. Nowozin, Cseke, Tomioka 2016, https://arxiv.org/abs/1606.00709, tables 1, 2
    and 6. The output activation g maps to the domain of the conjugate f*. It is part of the loss, so that D outputs
    unconstrained logits. The bound is attained for g(D) = f'(p/q):

    | divergence | f(u) | g(v) | f*(g(v)) | value at the optimum | at v = |
    |---|---|---|---|---|---|
    | kl | u log u | 1 + v | e^v | KL(p, q) | log p/q |
    | reverse-kl | -log u | -e^-v | v - 1 | KL(q, p) | log p/q |
    | jensen-shannon | u log u - (u + 1) log((u + 1)/2) | log 2 - sp(-v) | sp(v) - log 2 | 2 JS(p, q), nats | log p/q |
    | pearson | (u - 1)^2 | v | v^2/4 + v | integral of (p - q)^2/q | 2 (p/q - 1) |
    | squared-hellinger | (sqrt u - 1)^2 | 1 - e^-v | e^v - 1 | of (sqrt p - sqrt q)^2 | (log p/q) / 2 |

    For kl the paper uses g(v) = v. Here g(v) = 1 + v moves the boundary between real and fake to a logit of zero, as
    for the other divergences. Jensen-Shannon equals the non-saturating loss up to a constant.
    """

    divergence: Divergence = "pearson"
    """The divergence."""
    zero_sum: bool = False
    """Whether G minimises the bound itself, -E f*(g(D(G(z)))), instead of the practical form."""

    @property
    def grows_exponentially(self) -> bool:
        """True except for Jensen-Shannon and Pearson."""
        return self.divergence in ("kl", "reverse-kl", "squared-hellinger")

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Minus the bound, which is at least minus the divergence of the two distributions."""
        return self.conjugate(fake).mean() - self.activated(real).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """-E g(D(G(z))), or the part of the bound that depends on G."""
        return -self.conjugate(fake).mean() if self.zero_sum else -self.activated(fake).mean()

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss with the sides exchanged; minus the discriminator's loss if the game is zero-sum."""
        return -self.discriminator(real, fake) if self.zero_sum else self.discriminator(fake, real)

    def activated(self, logits: Tensor) -> Tensor:
        """g(v)."""
        match self.divergence:
            case "kl":
                return 1 + logits
            case "reverse-kl":
                return -(-logits).exp()
            case "jensen-shannon":
                return log(2) - softplus(-logits)
            case "pearson":
                return logits
            case "squared-hellinger":
                return 1 - (-logits).exp()

    def conjugate(self, logits: Tensor) -> Tensor:
        """f*(g(v)), simplified by hand to avoid logarithms of exponentials."""
        match self.divergence:
            case "kl":
                return logits.exp()
            case "reverse-kl":
                return logits - 1
            case "jensen-shannon":
                return softplus(logits) - log(2)
            case "pearson":
                return logits.square() / 4 + logits
            case "squared-hellinger":
                return logits.exp() - 1

    @classmethod
    def worked_example(cls) -> Example:
        """Pearson: ((1 - 2) + (1/4 + 1))/2 - (2 + 0)/2 for D; -(-2 + 1)/2 for G."""
        return Example([2.0, 0.0], [-2.0, 1.0], -0.875, 0.5)
