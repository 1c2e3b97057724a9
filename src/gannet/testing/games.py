"""The contract of a game with its recipe: an Experiment that trains, is saved and continues."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.testing import assert_close

from gannet.data.base import Dataset
from gannet.games.base import Classifies, Clusters, Discriminates, DrawsCodes, Encodes, Translates
from gannet.training import checkpoint
from gannet.training.experiment import Experiment
from gannet.training.precision import Precision
from gannet.training.sampling import evaluating, sample_game
from gannet.training.trainer import Trainer

FP32 = Precision(torch.device("cpu"), "fp32", channels_last=False, reason="contract")


def check_experiment(make: Callable[[], Experiment], dataset: Dataset) -> None:
    """Check every requirement of a game.

    Args:
        make: builds a new experiment with the same initialisation each time.
        dataset: data of the experiment's form; a small data set suffices.
    """
    _turns_move_only_their_player(make(), dataset)
    _every_weight_is_trained(make(), dataset)
    _terms_are_stable(make(), dataset)
    _samples_fit(make(), dataset)
    _equal_seeds_equal_steps(make, dataset)
    _saving_changes_nothing(make, dataset)
    _average_is_never_trained(make(), dataset)
    _capabilities_hold(make(), dataset)


def _trainer(experiment: Experiment, dataset: Dataset, seed: int = 0) -> Trainer:
    return Trainer(experiment, dataset, seed=seed, precision=FP32)


def _turns_move_only_their_player(experiment: Experiment, dataset: Dataset) -> None:
    trainer = _trainer(experiment, dataset)
    players = trainer.game.players
    for index, turn in enumerate(trainer.turns):
        others = {
            p: copy.deepcopy([m.state_dict() for m in modules]) for p, modules in players.items() if p != turn.player
        }
        trainer._take(turn, trainer.batch(turn, index, 0))
        for player, before in others.items():
            after = [m.state_dict() for m in players[player]]
            assert_close(after, before, atol=0, rtol=0, msg=f"the {turn.player}'s turn changed the {player}")


def _every_weight_is_trained(experiment: Experiment, dataset: Dataset) -> None:
    trainer = _trainer(experiment, dataset)
    before = {n: w.detach().clone() for n, w in trainer.game.named_parameters()}
    for _ in range(3):
        trainer.play()
    still = [name for name, w in trainer.game.named_parameters() if torch.equal(w, before[name])]
    if isinstance(trainer.game, Discriminates) and trainer.game.relative_logits:
        # The last bias of D adds the same to all logits, so that its gradient is 0 except for rounding.
        still = [name for name in still if not name.endswith("discriminator.head.bias")]
    assert not still, f"three steps did not move {still}"


def _terms_are_stable(experiment: Experiment, dataset: Dataset) -> None:
    trainer = _trainer(experiment, dataset)
    first = trainer.play()
    for _ in range(2):
        terms = trainer.play()
        assert set(terms) <= set(first) or set(first) <= set(terms), "the names of terms must not change between steps"
    assert all(value.shape == () and value.isfinite() for value in first.values())
    assert all("/" in name for name in first)


def _samples_fit(experiment: Experiment, dataset: Dataset) -> None:
    game = experiment.game
    state = torch.get_rng_state()
    samples = sample_game(game, 5, torch.Generator().manual_seed(0), images=dataset)
    assert samples.shape == (5, *dataset.shape)
    assert torch.equal(samples, sample_game(game, 5, torch.Generator().manual_seed(0), images=dataset))
    assert torch.equal(state, torch.get_rng_state()), "sampling must not use the global generator"
    assert game.training, "sampling must restore training mode"


def _steps(trainer: Trainer, count: int) -> dict[str, Tensor]:
    for _ in range(count):
        trainer.play()
    return {**trainer.game.state_dict(), **{f"average.{k}": v for k, v in trainer.average.state_dict().items()}}


def _equal_seeds_equal_steps(make: Callable[[], Experiment], dataset: Dataset) -> None:
    one = _steps(_trainer(make(), dataset), 3)
    torch.rand(7)  # use of the global generator elsewhere must not matter
    assert_close(_steps(_trainer(make(), dataset), 3), one, atol=0, rtol=0)
    other = _steps(_trainer(make(), dataset, seed=1), 3)
    assert any(not torch.equal(other[k], one[k]) for k in one), "the seed has no effect"


def _saving_changes_nothing(make: Callable[[], Experiment], dataset: Dataset) -> None:
    through = _trainer(make(), dataset)
    whole = _steps(through, 4)
    stopped = _trainer(make(), dataset)
    _steps(stopped, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoint.save(Path(folder), stopped, seconds=0.0, keep=1)
        continued = _trainer(make(), dataset)
        checkpoint.restore(path, continued)
    assert_close(_steps(continued, 2), whole, atol=0, rtol=0)


def _average_is_never_trained(experiment: Experiment, dataset: Dataset) -> None:
    trainer = _trainer(experiment, dataset)
    trainer.play()
    averaged = [w for n in trainer.game.averaged for w in getattr(trainer.average.game, n).parameters()]
    assert all(not w.requires_grad and w.grad is None for w in averaged)
    trained = {id(w) for weights in trainer.weights.values() for w in weights}
    assert not trained & {id(w) for w in averaged}


@torch.no_grad()
def _capabilities_hold(experiment: Experiment, dataset: Dataset) -> None:
    """Check shapes, float32 and determinism of all capabilities of the game."""
    game = experiment.game
    samples, labels = dataset.batch(5, seed=0, position=0, device=torch.device("cpu"))
    state = torch.get_rng_state()
    with evaluating(game):
        if isinstance(game, Encodes):
            latents = game.encode(samples)
            assert latents.shape[0] == 5
            assert latents.dim() == 2
            assert_close(game.encode(samples), latents, atol=0, rtol=0)
            assert game.generate(latents).shape == samples.shape, "encoded latents must be accepted by generate"
        if isinstance(game, Translates):
            _translates(game, samples, labels)
        if isinstance(game, Classifies):
            logits = game.classify(samples)
            assert logits.shape == (5, dataset.num_classes)
            assert_close(game.classify(samples), logits, atol=0, rtol=0)
            assert (logits.sum(1) - 1).abs().max() > 1e-3, "class logits must be raw, without softmax"
        if isinstance(game, Clusters):
            clusters = game.cluster(samples)
            assert clusters.shape == (5,)
            assert clusters.dtype == torch.int64
            assert clusters.min() >= 0
        if isinstance(game, DrawsCodes):
            _codes_can_be_set(game, samples)
    assert torch.equal(state, torch.get_rng_state()), "capabilities must not use the global generator"


def _translates(game: Translates, samples: Tensor, labels: Tensor | None) -> None:
    shown = game.translations(samples, labels, torch.Generator().manual_seed(0))
    if game.num_targets:
        for target in range(game.num_targets):
            made = game.translate(samples, torch.full((5,), target))
            assert made.shape == samples.shape
            assert not torch.equal(made, game.translate(samples, torch.full((5,), (target + 1) % game.num_targets)))
    assert list(shown)[:2] == ["input", "output"]
    assert all(column.shape == samples.shape for column in shown.values())
    assert shown["output"].abs().max() <= 1
    again = game.translations(samples, labels, torch.Generator().manual_seed(0))
    assert all(torch.equal(again[name], column) for name, column in shown.items()), "equal seeds, other translations"


def _codes_can_be_set(game: DrawsCodes, samples: Tensor) -> None:
    latents = game.draw_latents(5, torch.Generator().manual_seed(0))
    kept = latents.clone()
    first, last = torch.zeros(5), torch.ones(5)
    assert len(set(game.code_names)) == len(game.code_names) > 0
    changed = []
    for code in range(len(game.code_names)):
        low, high = game.with_code(latents, code, first), game.with_code(latents, code, last)
        assert_close(game.with_code(high, code, first), low, atol=0, rtol=0)
        assert game.generate(high).shape == samples.shape
        assert not torch.equal(game.generate(high), game.generate(low)), f"code {game.code_names[code]} has no effect"
        changed.append((high != low).any(0))
    assert_close(latents, kept, atol=0, rtol=0)
    assert (torch.stack(changed).sum(0) <= 1).all(), "codes must not share latents"
