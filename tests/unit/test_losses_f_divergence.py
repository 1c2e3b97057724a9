"""Every f-divergence against its closed form: at the optimal scores the discriminator's loss is minus the
divergence.
"""

from math import exp, log, sqrt
from typing import get_args

import pytest
import torch
from torch.testing import assert_close

from gannet.losses.f_divergence import Divergence, FDivergence
from gannet.losses.non_saturating import NonSaturating
from gannet.testing.losses import check_loss

NAMES = get_args(Divergence)
DATA, MODEL = [4, 3, 1], [1, 3, 4]
"""How often each of three atoms is drawn out of eight: p = (4, 3, 1)/8, q = (1, 3, 4)/8, p/q = (4, 1, 1/4)."""
OPTIMAL = {
    "kl": [log(4), 0.0, -log(4)],
    "reverse-kl": [log(4), 0.0, -log(4)],
    "jensen-shannon": [log(4), 0.0, -log(4)],
    "pearson": [6.0, 0.0, -1.5],
    "squared-hellinger": [log(2), 0.0, -log(2)],
}
BY_HAND = {
    "kl": 3 / 8 * log(4),
    "reverse-kl": 3 / 8 * log(4),
    # The middle is (5, 6, 5)/16: p log p/m = 1/2 log 8/5 + 1/8 log 2/5, and q gives the same.
    "jensen-shannon": 2 * (1 / 2 * log(8 / 5) + 1 / 8 * log(2 / 5)),
    # 9/8 on the first atom and 9/32 on the last.
    "pearson": 9 / 8 + 9 / 32,
    "squared-hellinger": 2 * (sqrt(4 / 8) - sqrt(1 / 8)) ** 2,
}
GAUSSIAN_SCORE = {
    "kl": lambda log_ratio: log_ratio,
    "reverse-kl": lambda log_ratio: log_ratio,
    "jensen-shannon": lambda log_ratio: log_ratio,
    "pearson": lambda log_ratio: 2 * (log_ratio.exp() - 1),
    "squared-hellinger": lambda log_ratio: log_ratio / 2,
}
# N(0, 1) against N(1/2, 1); Jensen-Shannon by numerical integration (scipy.integrate.quad, to 1e-12).
GAUSSIAN = {
    "kl": 1 / 8,
    "reverse-kl": 1 / 8,
    "jensen-shannon": 2 * 0.030311300520839,
    "pearson": exp(1 / 4) - 1,
    "squared-hellinger": 2 * (1 - exp(-1 / 32)),
}


def _rows(values, counts):
    return torch.tensor(values, dtype=torch.float64).repeat_interleave(torch.tensor(counts))


@pytest.mark.parametrize("zero_sum", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_contract(name, zero_sum):
    check_loss(FDivergence(name, zero_sum=zero_sum))


@pytest.mark.parametrize("name", NAMES)
def test_the_bound_is_the_divergence_at_the_optimum(name):
    loss = FDivergence(name).discriminator(_rows(OPTIMAL[name], DATA), _rows(OPTIMAL[name], MODEL))
    assert_close(loss, torch.tensor(-BY_HAND[name], dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_optimum_is_one(name):
    """No gradient there, and every other table of scores gives a smaller bound."""
    best = torch.tensor(OPTIMAL[name], dtype=torch.float64, requires_grad=True)

    def value(scores):
        return FDivergence(name).discriminator(
            scores.repeat_interleave(torch.tensor(DATA)), scores.repeat_interleave(torch.tensor(MODEL))
        )

    (gradient,) = torch.autograd.grad(value(best), best)
    assert_close(gradient, torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)
    rng = torch.Generator().manual_seed(0)
    for _ in range(50):
        assert value(best + torch.randn(3, generator=rng, dtype=torch.float64)) > -BY_HAND[name]


@pytest.mark.parametrize("name", NAMES)
def test_two_gaussians(name):
    """Means over 100,000 equally likely slices of each distribution; log p/q = 1/8 - x/2."""
    normal = torch.special.ndtri((torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000)
    real, fake = (GAUSSIAN_SCORE[name](1 / 8 - x / 2) for x in (normal, normal + 1 / 2))
    # What the middles of the outermost slices miss of e^-x is some 1e-5.
    assert_close(-FDivergence(name).discriminator(real, fake).item(), GAUSSIAN[name], atol=1e-4, rtol=0)


def test_equal_distributions_are_at_distance_zero():
    for name in NAMES:
        assert FDivergence(name).discriminator(torch.zeros(5), torch.zeros(5)) == 0, name


def test_jensen_shannon_is_the_non_saturating_loss():
    real, fake = torch.randn(2, 9, generator=torch.Generator().manual_seed(0))
    mine, known = FDivergence("jensen-shannon"), NonSaturating()
    assert_close(mine.discriminator(real, fake) + 2 * log(2), known.discriminator(real, fake))
    assert_close(mine.generator(fake, None) + log(2), known.generator(fake, None))


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_minimises_what_it_says(name):
    """The practical form is the discriminator's own reward for reals, the zero-sum one its cost for fakes."""
    fake, nothing = torch.tensor([0.3, -0.7]), torch.zeros(2)
    practical, bound = FDivergence(name), FDivergence(name, zero_sum=True)
    at_zero = practical.discriminator(nothing, nothing)
    assert_close(
        practical.generator(fake, None) - practical.generator(nothing, None),
        practical.discriminator(fake, nothing) - at_zero,
    )
    assert_close(
        bound.generator(nothing, None) - bound.generator(fake, None), practical.discriminator(nothing, fake) - at_zero
    )
