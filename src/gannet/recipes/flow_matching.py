"""Flow matching, a baseline without a discriminator."""

from gannet.encodings.fourier import Fourier
from gannet.games.flow_matching import FlowMatching
from gannet.networks.velocity import MLPVelocity, UNetVelocity
from gannet.recipes.arguments import BatchSize, Count, Encoding, OneOptimizer, Optimizer, Steps, Width
from gannet.recipes.base import Experiment, Form, chosen, recipe


@recipe(kind="any", on_images={"optimizer.generator.lr": 1e-3, "batch_size": 64, "steps": 2_000})
def flow_matching(
    form: Form,
    *,
    hidden: Width = 128,
    encoding: Encoding = chosen(Fourier, decay=0.25),
    evaluations: Count = 50,
    optimizer: OneOptimizer = OneOptimizer(generator=Optimizer(lr=5e-3, beta1=0.9, beta2=0.999, schedule="cosine")),
    batch_size: BatchSize = 256,
    steps: Steps = 3_000,
) -> Experiment:
    """One network: three hidden layers for points, a small U-Net for images; sampled with 50 evaluations.

    Lipman et al. 2023, https://arxiv.org/abs/2210.02747. A baseline: what regression on velocities reaches with about
    as many parameters as the networks of ``lsgan`` on points, and fewer than those of ``dcgan`` on images.

    Formula: v: E |v(x_t, t) - (x_1 - x_0)|^2 / D, x_0 noise, x_1 real, x_t = (1 - t) x_0 + t x_1; a sample is the
    solution of dx/dt = v(x, t).

    Adds: nothing of a game: no discriminator, no latent of small size, one objective that is a plain regression.

    Traps: Close to the data the velocity changes as fast as the data do, so points need the high frequencies of the
    encoding: on grid100, decay 0.75 and batches of 128 leave 12 % of the samples near a mode, and these settings 56 %.
    The U-Net of images does not learn with the learning rate of points: on digits at 16 x 16, the loss after 150 steps
    is 1.2 with 5e-3 and 0.31 with 1e-3. 2,000 steps with batches of 64 took 1,456 and 2,085 seconds on MNIST, on one
    thread of a shared machine (benchmarks/results/compare-mnist-baselines.json). A sample costs ``evaluations`` calls
    of the network where a GAN's costs one; `gannet compare` shows both. The loss does not fall to 0: many pairs
    (x_0, x_1) pass through one x_t, and the network gives their mean. ``hidden`` and ``encoding`` apply to points.

    Keys:
        evaluations: Function evaluations for one sample: steps of Euler's method.
        encoding: What the network sees of points.
    """
    is_points = form.kind == "points"
    velocity = (
        MLPVelocity(form.shape, hidden=[hidden] * 3, encoding=encoding) if is_points else UNetVelocity(form.shape)
    )
    game = FlowMatching(velocity, evaluations=evaluations)
    return Experiment(game, optimizer, batch_size, steps, average=0.999, frames_every=max(1, steps // 100))
