"""Images from captions."""

from typing import Literal

from gannet.games.text_to_image import TextToImage
from gannet.losses.hinge import Hinge
from gannet.networks.captioned import CaptionedDiscriminator, CaptionedGenerator
from gannet.networks.text import GRUEncoder, MeanEncoder
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import AdversarialLoss, BatchSize, Constraint, Count, Prior, Steps, Width
from gannet.recipes.base import Experiment, Form, Optimizer, Optimizers, chosen, recipe
from gannet.regularizers.spectral_norm import SpectralNorm

ENCODERS = {"gru": GRUEncoder, "mean": MeanEncoder}


@recipe(kind="images", captions=True)
def text_to_image(
    form: Form,
    *,
    text: Literal["gru", "mean"] = "gru",
    text_size: Count = 64,
    width: Width = 32,
    prior: Prior = chosen(Gaussian, size=32),
    loss: AdversarialLoss = chosen(Hinge),
    constraint: Constraint = chosen(SpectralNorm),
    optimizer: Optimizers = Optimizers(
        generator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.99, schedule="constant"),
        discriminator=Optimizer(lr=1e-3, beta1=0.0, beta2=0.99, schedule="constant"),
    ),
    batch_size: BatchSize = 64,
    steps: Steps = 4_000,
) -> Experiment:
    """A generator that draws what a caption says, for images with captions; each player trains its own text encoder.

    Reed et al. 2016, algorithm 1, https://arxiv.org/abs/1605.05396. The text encoder reads words: a gated recurrent
    unit (``text=gru``) or the mean of the word embeddings (``text=mean``). No pre-trained language model is used. The
    text enters D by an inner product with the features (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637);
    hinge loss, spectral norm. The wrong caption of an image is the one in the batch with most words in common, where
    the paper draws one at random.

    Formula: D: E relu(1 - D(x, t)) + (E relu(1 + D(G(z, t), t)) + E relu(1 + D(x, t'))) / 2; G: -E D(G(z, t), t),
    with t the caption of x, t' the caption of another image, D(x, t) = w . f(x) + b + e(t) . V f(x).

    Adds: a text encoder for each player; real images with a wrong caption as a second kind of fake.

    Traps: A word that training does not see cannot be drawn. At the default budget, samples of one caption are almost
    the same image. ``text=mean`` does not know the order of words: "a red seven on green" and "a green seven on red"
    are one and the same to it.
    """
    words, encoder = len(form.vocabulary), ENCODERS[text]
    game = TextToImage(
        CaptionedGenerator(prior.size, form.shape, encoder(words, text_size), width=width),
        CaptionedDiscriminator(form.shape, encoder(words, text_size), width=width),
        prior,
        loss=loss,
        captions=form.token_ids(form.captions),
        constraints=[constraint],
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.998)
