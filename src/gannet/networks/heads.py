"""Discriminators with classes: a trunk with one of several heads."""

from __future__ import annotations

from torch import Tensor, nn

from gannet.networks.base import Discriminator, Trunk
from gannet.types import DiscriminatorOutput


class ClassLogitsDiscriminator(Discriminator):
    """trunk -> K class logits; the discriminator's logit is their log-sum-exp.

    If an additional class "generated" has the fixed logit 0, the softmax over K + 1 classes gives the probability Z /
    (Z + 1) for real, with Z = sum over k of exp(l_k). That is the sigmoid of log Z (Salimans et al. 2016, section 5,
    https://arxiv.org/abs/1606.03498).
    """

    def __init__(self, trunk: Trunk, num_classes: int) -> None:
        super().__init__()
        self.shape, self.num_classes, self.rows_independent = trunk.shape, 0, trunk.rows_independent
        self.trunk = trunk
        self.head = nn.Linear(trunk.size, num_classes)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput with class logits."""
        features = self.trunk(samples)
        class_logits = self.head(features).float()
        return DiscriminatorOutput(class_logits.logsumexp(1), features, class_logits)


class AuxiliaryDiscriminator(Discriminator):
    """trunk -> one logit and K class logits (Odena, Olah, Shlens 2017, https://arxiv.org/abs/1610.09585)."""

    def __init__(self, trunk: Trunk, num_classes: int) -> None:
        super().__init__()
        self.shape, self.num_classes, self.rows_independent = trunk.shape, 0, trunk.rows_independent
        self.trunk = trunk
        self.head = nn.Linear(trunk.size, 1)
        self.class_head = nn.Linear(trunk.size, num_classes)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput with class logits."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features, self.class_head(features).float())


class ProjectionDiscriminator(Discriminator):
    """D(x, y) = w . f(x) + b + v_y . f(x): the class label enters by an inner product with the features.

    Miyato and Koyama 2018, eq. 4, https://arxiv.org/abs/1802.05637. The vectors v_y are the rows of a linear layer's
    weight matrix, so that constraints apply to them as well.
    """

    def __init__(self, trunk: Trunk, num_classes: int) -> None:
        super().__init__()
        self.shape, self.num_classes, self.rows_independent = trunk.shape, num_classes, trunk.rows_independent
        self.trunk = trunk
        self.head = nn.Linear(trunk.size, 1)
        self.projections = nn.Linear(trunk.size, num_classes, bias=False)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape), (N,) -> DiscriminatorOutput."""
        if labels is None:
            raise ValueError("A projection discriminator needs labels.")
        features = self.trunk(samples)
        of_label = self.projections(features).gather(1, labels[:, None])  # (N, 1)
        return DiscriminatorOutput((self.head(features) + of_label).squeeze(1).float(), features)


class Recognizer(nn.Module):
    """features -> 128 BN leaky ReLU .1 -> a reading of the codes: InfoGAN's Q (Chen et al. 2016, appendix C.1)."""

    def __init__(self, num_features: int, reading_size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(num_features, 128),
            nn.BatchNorm1d(128),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(128, reading_size),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, num_features) -> (N, reading_size)."""
        return self.layers(features)
