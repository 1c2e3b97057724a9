"""Plain modules as networks: shapes are found, ends are noticed, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Discriminator, Generator
from gannet.networks.plain import as_discriminator, as_generator
from gannet.priors.gaussian import Gaussian
from gannet.types import DiscriminatorOutput

SHAPE = (1, 8, 8)


class Function(nn.Module):
    """A layer and a function behind it, as ``forward`` of tutorials has it."""

    def __init__(self, layer: nn.Module, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.function = layer, function

    def forward(self, inputs: Tensor) -> Tensor:
        return self.function(self.layer(inputs))


def images(end: nn.Module) -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(5, 1, 8), nn.BatchNorm2d(1), end)


def judge(*end: nn.Module, outputs: int = 1) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs), *end)


def test_latents_are_maps_or_rows_as_the_module_takes_them() -> None:
    latents = torch.randn(3, 5)
    maps, rows = images(nn.Tanh()), nn.Sequential(nn.Linear(5, 64), nn.Unflatten(1, SHAPE), nn.Tanh())
    assert as_generator(maps, 5).shape == as_generator(rows, 5).shape == SHAPE
    assert_close(as_generator(maps.eval(), 5)(latents), maps(latents[:, :, None, None]))
    assert_close(as_generator(rows, 5)(latents), rows(latents))
    assert as_generator(nn.Linear(5, 2), 5).shape == (2,)
    wrapped = as_generator(maps, 5)
    assert as_generator(wrapped, 5) is wrapped


@pytest.mark.parametrize(
    "module",
    [
        judge(),
        Function(judge(), lambda x: x.view(-1)),
        nn.Conv2d(1, 1, 8),
        Function(nn.Conv2d(1, 1, 8), lambda x: x.squeeze()),
    ],
)
def test_one_number_per_sample_in_any_shape(module: nn.Module) -> None:
    samples = torch.randn(4, *SHAPE)
    assert_close(as_discriminator(module, SHAPE)(samples).logits, module(samples).reshape(-1))


def test_a_map_of_logits_stays_a_map() -> None:
    assert as_discriminator(nn.Conv2d(1, 1, 3), SHAPE)(torch.randn(4, *SHAPE)).logits.shape == (4, 1, 6, 6)


@pytest.mark.parametrize("is_layer", [True, False])
def test_a_sigmoid_at_the_end_is_named_and_left_out(is_layer: bool) -> None:
    inner = judge()
    module = nn.Sequential(inner, nn.Sigmoid()) if is_layer else Function(inner, torch.sigmoid)
    network = as_discriminator(module, SHAPE)
    samples = torch.randn(4, *SHAPE)
    assert_close(network(samples).logits, inner(samples).reshape(-1), rtol=1e-4, atol=1e-4)
    assert "ends with a sigmoid" in network.notes[0]  # type: ignore[index]
    assert ("the layer '1'" in network.notes[0]) == is_layer  # type: ignore[index]
    assert_close(module(samples), torch.sigmoid(inner(samples)), msg="the module itself stays as it was")
    hidden = as_discriminator(nn.Sequential(nn.Flatten(), nn.Sigmoid(), nn.Linear(64, 1)), SHAPE)
    assert hidden.notes == ()


def test_a_sigmoid_at_the_end_of_a_generator_is_stretched() -> None:
    module = images(nn.Sigmoid()).eval()
    network = as_generator(module, 5)
    latents = torch.randn(3, 5)
    assert_close(network(latents), 2 * module(latents[:, :, None, None]) - 1)
    assert "between 0 and 1" in network.notes[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (judge(outputs=10), r"returns a tensor of shape \(2, 10\) for 2 samples.*num_classes=1"),
        (judge(nn.LogSoftmax(1)), "ends with a log-softmax; losses take logits"),
        (Function(judge(), torch.nn.functional.logsigmoid), "ends with a log-sigmoid"),
        (nn.Linear(3, 1), r"cannot be called with samples of the shape that the generator makes, \(2, 1, 8, 8\)"),
        (Function(judge(), lambda x: x.mean()), r"returns a tensor of shape \(\)"),
    ],
)
def test_a_discriminator_that_cannot_work_is_one_sentence(module: nn.Module, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        as_discriminator(module, SHAPE)
    assert "\n" not in str(caught.value)


def test_a_generator_that_cannot_work_is_one_sentence() -> None:
    for module in (nn.Linear(7, 2), Function(nn.Linear(5, 2), lambda x: x.sum()), nn.Flatten(0)):
        with pytest.raises(
            UserError, match=r"does not turn latents into samples .*\(N, 5\) or \(N, 5, 1, 1\)"
        ) as caught:
            as_generator(module, 5)
        assert "\n" not in str(caught.value)


def test_trying_changes_nothing() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = nn.Sequential(images(nn.Dropout(0.5)), nn.Tanh()).train()
        discriminator = judge(nn.Dropout(0.5)).train()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    state = torch.get_rng_state()
    game = TwoPlayer(generator, discriminator, Gaussian(5), loss=NonSaturating())
    assert torch.equal(state, torch.get_rng_state())
    assert generator.training
    assert discriminator.training
    assert_close(dict(generator.state_dict()), before)
    assert game.notes == ()
    assert {name for name, _ in game.named_parameters()} == {
        f"generator.module.{name}" for name, _ in generator.named_parameters()
    } | {f"discriminator.module.{name}" for name, _ in discriminator.named_parameters()}


class OwnGenerator(Generator):
    """A Generator that states nothing about itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 72)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layer(latents).view(-1, 2, 6, 6)


class OwnDiscriminator(Discriminator):
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput(samples.flatten(1).sum(1))


def test_a_network_that_does_not_state_its_shape_is_tried() -> None:
    game = TwoPlayer(OwnGenerator(), OwnDiscriminator(), Gaussian(5), loss=NonSaturating())
    assert game.generator.shape == game.discriminator.shape == (2, 6, 6)
    assert game.num_classes == 0


def test_networks_that_do_not_fit_are_one_sentence() -> None:
    generator, discriminator = OwnGenerator(), OwnDiscriminator()
    generator.latent_size = 4
    with pytest.raises(UserError, match="takes latents of size 4, and the prior draws size 5"):
        TwoPlayer(generator, discriminator, Gaussian(5), loss=NonSaturating())
    discriminator.num_classes = 3
    with pytest.raises(UserError, match=r"num_classes=0 and the discriminator 3"):
        TwoPlayer(OwnGenerator(), discriminator, Gaussian(5), loss=NonSaturating())
