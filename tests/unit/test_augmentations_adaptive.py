"""Adaptive augmentation: its changes by hand, the closed form of its controller, and where its state is kept."""

import math

import pytest
import torch
from torch.testing import assert_close

from gannet.augmentations.adaptive import DECAY, Adaptive
from gannet.augmentations.base import warped
from gannet.augmentations.diffaugment import DiffAugment
from gannet.errors import UserError
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.augmented import Augmented
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch

OFF = {"translation": 0.0, "scale": 0.0, "rotation": 0.0, "color": False, "cutout": 0.0}
SHAPE = (1, 8, 8)


def _rng(seed=0):
    return torch.Generator().manual_seed(seed)


def _warped(images, down=0.0, right=0.0, zoom=1.0, angle=0.0):
    return warped(images, *(torch.full((len(images),), float(value)) for value in (down, right, zoom, angle)))


def test_warped_by_hand():
    images = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    assert torch.equal(_warped(images), images)
    assert_close(_warped(images, down=1)[0, 0], torch.tensor([[4.0, 5, 6], [1, 2, 3], [4, 5, 6]]))  # reflected
    assert_close(_warped(images, right=0.5)[0, 0, 0], torch.tensor([1.5, 1.5, 2.5]))
    quarter = _warped(images, angle=math.pi / 2)[0, 0]
    assert_close(quarter, torch.rot90(images[0, 0]), atol=1e-5, rtol=0)
    ramp = torch.arange(9.0).repeat(1, 1, 9, 1)
    assert_close(_warped(ramp, zoom=2)[0, 0, 0], 4 + (torch.arange(9.0) - 4) / 2)


@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (5, 3, 16, 12)])
def test_with_probability_zero_nothing_changes_and_with_one_everything_does(shape):
    images = torch.rand(shape, generator=_rng()) * 2 - 1
    assert torch.equal(Adaptive()(images, _rng(), probability=0.0), images)
    changed = Adaptive()(images, _rng(), probability=1.0)
    assert ((changed - images).abs().flatten(1).amax(1) > 0.01).all()
    assert_close(Adaptive(**OFF)(images, _rng()), images, atol=0, rtol=0)


@pytest.mark.parametrize(
    "change", [{"translation": 0.125}, {"scale": 0.2}, {"rotation": 20.0}, {"cutout": 0.5}, {"color": True}]
)
def test_each_change_alone_meets_a_share_p_of_the_images(change):
    images = torch.rand(2000, 1, 8, 8, generator=_rng()) * 2 - 1
    changed = Adaptive(**OFF | change)(images, _rng(1), probability=torch.tensor(0.25))
    share = (changed != images).flatten(1).any(1).float().mean().item()
    # Colour is three changes, of which grey images show two.
    assert share == pytest.approx(1 - 0.75**2 if "color" in change else 0.25, abs=0.03)


def test_ranges_of_the_changes():
    dots = torch.zeros(2000, 1, 17, 17)
    dots[:, :, 8, 8] = 1.0
    across = torch.arange(17.0)
    moved = Adaptive(**OFF | {"translation": 0.125})(dots, _rng())
    places = (moved * across).sum((1, 2, 3)) - 8
    assert 2.0 < places.abs().max() <= 0.125 * 17
    assert_close(places.mean(), torch.tensor(0.0), atol=0.1, rtol=0)
    grey = Adaptive(**OFF | {"color": True})(torch.zeros(2000, 3, 4, 4), _rng())
    assert 0.49 < grey.abs().max() <= 0.5
    holes = Adaptive(**OFF | {"cutout": 0.5})(torch.ones(2000, 1, 16, 16), _rng()) == 0
    assert holes.sum((1, 2, 3)).max() == 64


def test_points_are_refused():
    with pytest.raises(UserError, match="images"):
        Adaptive()(torch.zeros(4, 2))


def _states(augmentation, turns, real, fake, *, relative=False):
    state = torch.tensor(0.0), torch.tensor(0.0)
    found = []
    for _ in range(turns):
        state = augmentation.next_state(*state, torch.tensor(real), torch.tensor(fake), relative=relative)
        found.append([value.item() for value in state])
    return found


def test_the_controller_in_closed_form():
    """All signs are +1: r_n = 1 - DECAY^n, which exceeds 0.6 from n = 9; then p rises by N / ramp up to ``most``."""
    found = _states(Adaptive(target=0.6, ramp=40, most=0.5), 20, [1.0, 2.0, 3.0, 4.0], [5.0])
    first = math.ceil(math.log(0.4) / math.log(DECAY))
    assert first == 9
    for turn, (probability, overfitting) in enumerate(found, start=1):
        assert overfitting == pytest.approx(1 - DECAY**turn, abs=1e-6)
        assert probability == pytest.approx(min(0.5, max(0, turn - first + 1) * 4 / 40), abs=1e-6)
    assert found[-1][0] == 0.5


def test_p_falls_to_zero_and_not_below():
    augmentation = Adaptive(ramp=10)
    state = torch.tensor(0.35), torch.tensor(0.9)
    falling = []
    for _ in range(12):
        state = augmentation.next_state(*state, torch.tensor([-1.0]), torch.tensor([0.0]), relative=False)
        falling.append(state[0].item())
    # r = 2 * 0.9^(n+1) - 1 + ... : 0.71, then 0.539 < 0.6; p rises once, then falls.
    assert falling[:3] == pytest.approx([0.45, 0.35, 0.25], abs=1e-6)
    assert falling[-1] == 0.0


def test_the_sign_is_that_of_logits_or_of_pairs():
    """Real logits 1 and -1 against fakes 0 and -2: signs have mean 0; of four pairs the reals win three."""
    real, fake = [1.0, -1.0], [0.0, -2.0]
    assert _states(Adaptive(), 1, real, fake)[0][1] == pytest.approx(0.0)
    assert _states(Adaptive(), 1, real, fake, relative=True)[0][1] == pytest.approx((1 - DECAY) * 0.5)
    shifted = [[value + 100 for value in side] for side in (real, fake)]
    assert _states(Adaptive(), 1, *shifted, relative=True) == _states(Adaptive(), 1, real, fake, relative=True)


def _game(loss, augmentation):
    torch.manual_seed(0)
    discriminator = Augmented(MLPDiscriminator(SHAPE, hidden=[16]), augmentation)
    return TwoPlayer(MLPGenerator(4, SHAPE, hidden=[16]), discriminator, Gaussian(4), loss=loss)


def _batch():
    return Batch(torch.rand(6, *SHAPE, generator=_rng()) * 2 - 1, None, _rng(1), 0, 0.0)


@pytest.mark.parametrize("loss", [NonSaturating(), RelativisticPaired()])
def test_the_turn_of_d_moves_the_state_and_that_of_g_does_not(loss):
    game = _game(loss, Adaptive(target=0.0, ramp=60))
    game.discriminator.overfitting.fill_(1.0)
    terms = game.discriminator_terms(_batch())
    assert game.discriminator.probability.item() == pytest.approx(0.1)
    assert terms.watch["augmentation_probability"].item() == pytest.approx(0.1)
    assert terms.watch["augmentation_sign"] == game.discriminator.overfitting
    before = {name: buffer.clone() for name, buffer in game.named_buffers()}
    game.generator_terms(_batch())
    assert all(torch.equal(buffer, before[name]) for name, buffer in game.named_buffers())
    game.eval()
    game.logits(_batch().real)
    assert all(torch.equal(buffer, before[name]) for name, buffer in game.named_buffers())


def test_reals_and_fakes_are_changed_in_both_turns_and_g_learns_through_the_change():
    game = _game(RelativisticPaired(), Adaptive(**OFF | {"translation": 0.25}))
    game.discriminator.probability.fill_(0.8)
    seen = []
    game.discriminator.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    batch = _batch()
    game.discriminator_terms(batch)
    [both] = seen
    real, fake = both[:6], both[6:]
    with torch.no_grad():
        unchanged = game.generate(game.prior.draw(6, _rng(1)), None)
    assert not torch.equal(real, batch.real)
    assert not torch.equal(fake, unchanged)
    seen.clear()
    terms = game.generator_terms(batch)
    assert not torch.equal(seen[1], batch.real)
    terms.total().backward()
    gradients = [weight.grad for weight in game.generator.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_the_state_is_in_the_checkpoint_and_other_augmentations_have_none():
    adaptive, fixed = (_game(NonSaturating(), augmentation) for augmentation in (Adaptive(), DiffAugment()))
    assert set(adaptive.state_dict()) - set(fixed.state_dict()) == {
        "discriminator.probability",
        "discriminator.overfitting",
    }
