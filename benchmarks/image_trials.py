"""One short training of a candidate for the recommended recipe for images, measured at checkpoints.

    python benchmarks/image_trials.py MNIST [KEY=VALUE ...]

Prints a row for each checkpoint and adds the trial to benchmarks/results/image-trials.json. Keys are the fields of
``Trial``. The processor seconds are those of the steps. FD[mnist-cnn-v1] of 5,000 samples of the EMA generator.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, fields
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Form, silent
from gannet.evaluation.measure import measurer
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.base import Discriminator, Generator, Trunk, doublings, with_onehot
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DCGANTrunk
from gannet.networks.heads import ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.seeding import derive
from gannet.training.allocator import keep_freed_memory
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.training.precision import decide
from gannet.training.trainer import Trainer
from gannet.types import DiscriminatorOutput

RECORD = Path(__file__).resolve().parent / "results" / "image-trials.json"
METRICS = ["fd[mnist-cnn-v1]", "class-histogram"]


@dataclass(frozen=True)
class Trial:
    """The settings of ``dcgan-relativistic`` and what was varied."""

    steps: int = 700
    batch: int = 64
    lr: float = 2e-3
    beta1: float = 0.5
    gamma: float = 1.0
    final: float = 0.0
    """Strength of the penalty at the end; 0 for a constant one."""
    every: int = 8
    ema: float = 0.998
    prior: int = 64
    loss: str = "relativistic-paired"
    """Or ``non-saturating``."""
    networks: str = "dcgan"
    """Or ``small``: :class:`SmallGenerator` and :class:`StridedTrunk`."""
    conditional: int = 0
    """1 for a one-hot label in G and a projection in D."""
    same_labels: int = 0
    """1 to give every fake the label of its real partner, instead of a random one."""
    seed: int = 0
    at: str = ""
    """Steps of the checkpoints, with commas; the last step is always one."""


class SmallGenerator(Generator):
    """z -> h*w*128 BN ReLU -> transposed convolutions 4x4 stride 2 (64 BN ReLU, ...) -> tanh: without the dense layer
    of 1,024 units.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, num_classes
        *self.base, times = doublings(shape, 4, 8, "small")
        self.stem = nn.Linear(latent_size + num_classes, 128 * prod(self.base), bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(128), nn.ReLU(inplace=True)]
        width = 128
        for _ in range(times - 1):
            layers += [nn.ConvTranspose2d(width, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
            width = 64
        self.upsampling = nn.Sequential(*layers, nn.ConvTranspose2d(width, shape[0], 4, 2, 1), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        stem = self.stem(with_onehot(latents, labels, self.num_classes))
        return self.upsampling(stem.view(-1, *self.base, 128).permute(0, 3, 1, 2))


class StridedTrunk(Trunk):
    """conv 6x6 stride 2 32 LReLU, conv 6x6 stride 2 64 LReLU, 1024 LReLU: that of ``dcgan`` with strides instead of
    pooling.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape, self.size, self.rows_independent = shape, 1024, True
        height, width = (((side - 4) // 2 - 4) // 2 for side in shape[1:])
        self.layers = nn.Sequential(
            *(nn.Conv2d(shape[0], 32, 6, 2), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Conv2d(32, 64, 6, 2), nn.LeakyReLU(0.2, inplace=True), nn.Flatten()),
            *(nn.Linear(64 * height * width, 1024), nn.LeakyReLU(0.2, inplace=True)),
        )

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples)


class Unconditional(Discriminator):
    """The trunk and a linear logit."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.shape, self.num_classes, self.rows_independent = trunk.shape, 0, True
        self.trunk, self.head = trunk, nn.Linear(trunk.size, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


def experiment_of(trial: Trial, form: Form) -> Experiment:
    classes = form.num_classes if trial.conditional else 0
    generator: Generator
    discriminator: Discriminator
    if trial.networks == "small":
        generator, trunk = SmallGenerator(trial.prior, form.shape, classes), StridedTrunk(form.shape)
        discriminator = ProjectionDiscriminator(trunk, classes) if classes else Unconditional(trunk)
    else:
        generator = DCGANGenerator(trial.prior, form.shape, num_classes=classes)
        discriminator = (
            ProjectionDiscriminator(DCGANTrunk(form.shape, slope=0.2), classes)
            if classes
            else DCGANDiscriminator(form.shape, slope=0.2)
        )
    loss = NonSaturating() if trial.loss == "non-saturating" else RelativisticPaired()
    penalty = ZeroCentered(trial.gamma, "both", trial.final or None, trial.every)
    game = TwoPlayer(generator, discriminator, Gaussian(size=trial.prior), loss=loss, penalties=[penalty])
    optimizer = Optimizer(lr=trial.lr, beta1=trial.beta1, beta2=0.99, schedule="cosine")
    return Experiment(game, Optimizers(optimizer, optimizer), trial.batch, trial.steps, average=trial.ema)


def run(trial: Trial, data: str) -> list[dict[str, Any]]:
    """A row for each checkpoint."""
    if trial.same_labels:
        import gannet.games.two_player as game

        game.random_labels = lambda batch, num_classes: batch.labels if num_classes else None
    keep_freed_memory()
    flags = DEFAULT_FLAGS | {"seed": trial.seed}
    dataset = plan(data, recipe="dcgan", given={}, flags=flags).source.open(silent)
    torch.manual_seed(derive(trial.seed, "weights"))
    precision = decide(device="cpu", precision="auto", is_images=True, allow_bf16=True)
    trainer = Trainer(experiment_of(trial, dataset.form), dataset, seed=trial.seed, precision=precision)
    measure = measurer(trainer.average.game, dataset, seed=trial.seed, run="", weights="ema", metrics=METRICS)
    checkpoints = {int(step) for step in trial.at.split(",") if step} | {trial.steps}
    rows, used = [], 0.0
    while trainer.step < trial.steps:
        begin = time.process_time()
        trainer.play()
        used += time.process_time() - begin
        if trainer.step in checkpoints:
            cards, _ = measure(trainer.step)
            values = {card.metric: round(card.value, 4) for card in cards}
            rows.append({"step": trainer.step, "processor_seconds": round(used, 1), **values})
            print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    kinds = {field.name: type(field.default) for field in fields(Trial)}
    given = dict(part.split("=", 1) for part in sys.argv[2:])
    trial = Trial(**{name: kinds[name](value) for name, value in given.items()})
    rows = run(trial, sys.argv[1])
    changed = {name: value for name, value in asdict(trial).items() if name in given}
    trials = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    RECORD.write_text(json.dumps([*trials, {"settings": changed, "rows": rows}], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
