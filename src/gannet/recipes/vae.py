"""The variational autoencoder, a baseline without a discriminator."""

from gannet.games.vae import VAE
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.standard import standard_generator, standard_trunk
from gannet.priors.gaussian import Gaussian
from gannet.recipes.arguments import BatchSize, Count, NonNegative, OneOptimizer, Optimizer, Positive, Steps, Width
from gannet.recipes.base import Experiment, Form, recipe


@recipe(
    kind="any",
    on_images={
        "noise": 0.7,
        "learn_noise": False,
        "optimizer.generator.lr": 2e-3,
        "batch_size": 128,
        "steps": 1_400,
    },
)
def vae(
    form: Form,
    *,
    hidden: Width = 128,
    latent_size: Count | None = None,
    beta: NonNegative = 1.0,
    noise: Positive = 0.1,
    learn_noise: bool = True,
    optimizer: OneOptimizer = OneOptimizer(generator=Optimizer(lr=1e-2, beta1=0.9, beta2=0.999, schedule="cosine")),
    batch_size: BatchSize = 256,
    steps: Steps = 3_000,
) -> Experiment:
    """The standard generator as decoder and the standard discriminator's trunk as encoder: the same networks as a
    GAN's.

    Kingma and Welling 2014, https://arxiv.org/abs/1312.6114. A baseline: what maximum likelihood reaches with the
    networks of ``dcgan`` on images and of ``lsgan`` on points. Samples of points are drawn from p(x | z); samples of
    images are its mean G(z), as is common, because the noise of p(x | z) is only seen as grain.

    Formula: G and E: -E log p(x | z) + beta KL(q(z | x) || N(0, I)), p(x | z) = N(G(z), c^2) with c learned on points
    and fixed on images.

    Adds: a likelihood. There is no discriminator and no game: one player minimises one objective, whose sum is a bound
    on the negative log-likelihood (``generator/bound``, in nats for each sample if ``beta=1``).

    Traps: On points two things keep samples away from the modes. G is continuous, so a part of its means lies between
    modes; and every sample has the noise c, which stays larger than the spread of a mode, because one c has to cover
    the error of every mean. On the ring, 3,000 steps leave c at 0.034 to 0.041, where the modes have 0.014
    (standardised units): 49 to 56 % of the means are near a mode, and 20 to 30 % of the samples (seeds 11 to 13,
    benchmarks/vae_noise.py). c falls slowly, so more steps help; with a learning rate of 2e-3 and 16 latents, c is
    still 0.099 there. Samples of images are blurred: the squared error asks for the mean of all images that fit a
    latent. A learned c, the better likelihood, gives worse images: c falls, q(z | x) becomes narrow, and latents drawn
    from the prior lie between the latents that G was trained on, where it makes broken pixels. On MNIST, FD after 525
    steps is 18.4 if c starts at 0.1 and stays near it (learning rate 1e-3), 5.3 if it falls from 0.7, and 4.6 if it is
    fixed at 0.7 (2e-3; seed 0, benchmarks/results/vae-trials.json); after all 1,400 steps of the default it is 3.6. The
    right c depends on the number of pixels: 8 x 8 digits lose their shape with 0.7, and 0.3 suits them. Most latents
    can stay unused, which the KL term rewards. A bound on the likelihood does not say how good samples look (Theis et
    al. 2016, https://arxiv.org/abs/1511.01844). ``hidden`` applies to points.

    Keys:
        latent_size: Length of a latent; by default 2 for points and 16 for images.
        beta: Weight of the KL term; 1 gives a bound on the likelihood.
        noise: Standard deviation c in normalised units; its initial value if it is learned.
        learn_noise: Whether c is learned.
    """
    latent_size = latent_size or (2 if form.kind == "points" else 16)
    game = VAE(
        standard_generator(latent_size, form.shape, hidden),
        StochasticEncoder(standard_trunk(form.shape, hidden), latent_size),
        Gaussian(latent_size),
        beta=beta,
        noise=noise,
        learn_noise=learn_noise,
        noisy_samples=form.kind == "points",
    )
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
