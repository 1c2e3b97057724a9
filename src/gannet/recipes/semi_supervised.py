"""A classifier from few class labels: the discriminator's logit is computed from class logits; feature matching."""

from gannet.games.semi_supervised import SemiSupervised
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.heads import ClassLogitsDiscriminator
from gannet.networks.mlp import MLPGenerator
from gannet.networks.noisy_mlp import NoisyMLPTrunk
from gannet.priors.uniform import Uniform
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Prior, Steps
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe


@recipe(kind="images", labels=True, few_labels=True, data={"labels": 100})
def semi_supervised(
    form: Form,
    *,
    prior: Prior = chosen(Uniform, size=100),
    loss: AdversarialLoss = chosen(NonSaturating),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=3e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
        discriminator=Optimizer(lr=3e-3, beta1=0.5, beta2=0.999, schedule="cosine"),
    ),
    batch_size: BatchSize = 200,
    steps: Steps = 10_000,
) -> Experiment:
    """A fully connected discriminator with noise, 10 class logits from 100 labels, and a generator that matches
    features.

    Salimans et al. 2016, section 6.1, https://arxiv.org/abs/1606.03498, train for far longer. Half of each batch
    consists of labelled images. ``data.labels=none`` uses all labels.

    Formula: D: loss on logsumexp of K class logits - E log p(y | x) on labelled samples; G: |E f(x) - E f(G(z))|^2, f
    the features.

    Adds: a classifier inside the discriminator, and feature matching as the generator's only objective.

    Traps: Feature matching gives a good classifier and poor images. The result depends on which 100 samples are
    labelled; report several draws.
    """
    game = SemiSupervised(
        MLPGenerator(prior.size, form.shape, hidden=[500, 500], batch_norm=[True, True]),
        ClassLogitsDiscriminator(NoisyMLPTrunk(form.shape), form.num_classes),
        prior,
        loss=loss,
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
