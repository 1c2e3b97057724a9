"""One short training of a candidate for the recommended recipe on CIFAR-10, with class labels, at equal processor time.

    python benchmarks/colour_trials.py FOLDER [KEY=VALUE ...]

FOLDER has cifar10-train.zip and cifar10-test.zip. Keys are the fields of ``Trial``. The steps of the learning-rate
schedule are those that fit ``seconds`` of processor time of one thread, by the time of 48 steps before the training.
FD[effnet-lite0] and FD[randconv-v1] compare 5,000 samples of the EMA generator with 5,000 test images. The trial is
added to benchmarks/results/colour-trials.json.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from cifar10 import EXTRACTORS, real_images
from torch import Tensor, nn

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Dataset, Form, silent
from gannet.features.extractors import extract, features
from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.losses.non_saturating import NonSaturating
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.metrics.frechet import frechet_distance
from gannet.networks.base import Discriminator, Generator, Trunk, with_onehot
from gannet.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DCGANTrunk
from gannet.networks.heads import ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.regularizers.spectral_norm import SpectralNorm
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.seeding import derive, torch_rng
from gannet.training.allocator import keep_freed_memory
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.training.precision import decide, with_threads
from gannet.training.sampling import sample_chunks
from gannet.training.trainer import Trainer

RECORD = Path(__file__).resolve().parent / "results" / "colour-trials.json"
SAMPLES = 5_000
LOSSES = {"rp": RelativisticPaired, "ns": NonSaturating, "hinge": Hinge}


@dataclass(frozen=True)
class Trial:
    """The settings of ``dcgan-relativistic`` before these trials, and what was varied."""

    seconds: float = 105
    batch: int = 64
    lr: float = 2e-3
    beta1: float = 0.5
    gamma: float = 1.0
    """0 for no penalty."""
    every: int = 8
    on: str = "both"
    ema: float = 0.998
    prior: int = 64
    loss: str = "rp"
    """``rp`` (paired relativistic), ``ns`` (non-saturating) or ``hinge``."""
    net: str = "dcgan"
    """D: ``dcgan``, ``wide`` (that of dcgan with ``width`` and twice as many maps), ``lean`` (:class:`LeanTrunk`)."""
    gnet: str = ""
    """G: ``dcgan``, ``lean`` or ``lean8`` (:class:`LeanGenerator` from 4 x 4 or 8 x 8); like ``net`` if empty."""
    width: int = 64
    sn: int = 0
    """1 for spectral normalisation of D."""
    cond: int = 1
    """0 for a training without class labels."""
    seed: int = 0


class LeanGenerator(Generator):
    """z -> maps of ``base`` x ``base`` -> transposed convolutions 4x4 stride 2, BN ReLU between -> tanh: without the
    dense layer of 1,024 units.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], classes: int, width: int, base: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.base = latent_size, shape, classes, base
        widths = [width << i for i in range({4: 3, 8: 2}[base] - 1, -1, -1)]
        self.stem = nn.Linear(latent_size + classes, widths[0] * base * base, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for a, b in itertools.pairwise(widths):
            layers += [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], shape[0], 4, 2, 1), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        stem = self.stem(with_onehot(latents, labels, self.num_classes))
        return self.layers(stem.view(len(stem), self.base, self.base, -1).permute(0, 3, 1, 2))


class LeanTrunk(Trunk):
    """conv 4x4 stride 2 of w, 2w, 4w maps, LReLU .2."""

    def __init__(self, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.shape, self.rows_independent, self.size = shape, True, 64 * width
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise([shape[0], width, 2 * width, 4 * width]):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Flatten())

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples)


class WideTrunk(Trunk):
    """The trunk of ``dcgan`` with w and 2w maps instead of 32 and 64."""

    def __init__(self, shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.shape, self.rows_independent, self.size = shape, True, 1024
        self.layers = nn.Sequential(
            *(nn.Conv2d(shape[0], width, 5), nn.MaxPool2d(2), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Conv2d(width, 2 * width, 5), nn.MaxPool2d(2), nn.LeakyReLU(0.2, inplace=True), nn.Flatten()),
            *(nn.Linear(50 * width, 1024), nn.LeakyReLU(0.2, inplace=True)),
        )

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples)


def experiment_of(trial: Trial, form: Form, steps: int) -> Experiment:
    classes = form.num_classes if trial.cond else 0
    generator: Generator
    if (made := trial.gnet or trial.net).startswith("lean"):
        base = 8 if made == "lean8" else 4
        generator = LeanGenerator(trial.prior, form.shape, classes, trial.width, base)
    else:
        generator = DCGANGenerator(trial.prior, form.shape, num_classes=classes)
    trunk: Trunk = DCGANTrunk(form.shape, slope=0.2)
    if trial.net != "dcgan":
        trunk = (LeanTrunk if trial.net == "lean" else WideTrunk)(form.shape, trial.width)
    discriminator: Discriminator = (
        ProjectionDiscriminator(trunk, classes) if classes else DCGANDiscriminator(form.shape, slope=0.2)
    )
    penalties = [ZeroCentered(trial.gamma, trial.on, None, trial.every)] if trial.gamma else []
    constraints = [SpectralNorm()] if trial.sn else []
    loss, prior = LOSSES[trial.loss](), Gaussian(size=trial.prior)
    game = TwoPlayer(generator, discriminator, prior, loss=loss, penalties=penalties, constraints=constraints)
    optimizer = Optimizer(lr=trial.lr, beta1=trial.beta1, beta2=0.99, schedule="cosine")
    return Experiment(game, Optimizers(optimizer, optimizer), trial.batch, steps, average=trial.ema)


def trainer_of(trial: Trial, dataset: Dataset, steps: int) -> Trainer:
    precision = decide(device="cpu", precision="auto", is_images=True, allow_bf16=True)
    torch.manual_seed(derive(trial.seed, "weights"))
    return Trainer(experiment_of(trial, dataset.form, steps), dataset, seed=trial.seed, precision=precision)


def seconds_of(trainer: Trainer, steps: int) -> float:
    """Processor seconds of as many steps."""
    begin = time.process_time()
    for _ in range(steps):
        trainer.play()
    return time.process_time() - begin


def main() -> None:
    folder, *words = sys.argv[1:]
    kinds = {field.name: type(field.default) for field in fields(Trial)}
    given = dict(word.split("=", 1) for word in words)
    trial = Trial(**{name: kinds[name](value) for name, value in given.items()})
    keep_freed_memory()
    with with_threads(1):
        flags = DEFAULT_FLAGS | {"seed": trial.seed}
        dataset = plan(f"{folder}/cifar10-train.zip", recipe="dcgan", given={}, flags=flags).source.open(silent)
        probe = trainer_of(trial, dataset, 1_000)
        seconds_of(probe, 8)
        steps = int(trial.seconds / (seconds_of(probe, 48) / 48))
        trainer = trainer_of(trial, dataset, steps)
        used = seconds_of(trainer, steps)
        chunks = sample_chunks(trainer.average.game, SAMPLES, torch_rng(trial.seed, "samples"))
        samples = np.concatenate([dataset.form.decode(chunk) for chunk in chunks])
        compared, _ = real_images(Path(folder), "all")
        row = {"settings": given, "steps": steps, "processor_seconds": round(used, 1)}
        for extractor in EXTRACTORS:
            real = extract(extractor, compared, on_disk=True)[0]
            row[f"fd[{extractor}]"] = round(frechet_distance(real, features(extractor, samples)), 3)
    print(json.dumps(row))
    rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    RECORD.write_text(json.dumps([*rows, row], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
