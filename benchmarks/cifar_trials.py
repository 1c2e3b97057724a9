"""Candidates for the recommended recipe on CIFAR-10: short trainings with varied settings and networks.

    python benchmarks/cifar_trials.py FOLDER [WORKERS] < TRIALS

FOLDER has cifar10-train.zip and cifar10-test.zip; effnet-lite0 needs its weights. A line of TRIALS is a list of
KEY=VALUE, the fields of ``Trial``. With ``seconds``, a trial on the CPU has as many steps as fit that processor time of
one thread, by the time of 40 steps before; otherwise it has ``steps``. On a GPU steps are CUDA graphs; processes take
turns on a GPU, so more of them gain little.

FD[effnet-lite0] compares 5,000 samples of the EMA generator with 5,000 test images, for ``set=horses`` 2,500 with every
second training horse. Trials are added to benchmarks/results/cifar-trials.json.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
import time
import zipfile
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Dataset, Form, silent
from gannet.features import efficientnet_lite
from gannet.games.discriminator_pass import DiscriminatorPass, feature_distance
from gannet.games.labels import random_labels
from gannet.games.two_player import TwoPlayer
from gannet.losses.hinge import Hinge
from gannet.losses.non_saturating import NonSaturating
from gannet.losses.relativistic_average import RelativisticAverage
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.base import Discriminator, Generator, Trunk, with_onehot
from gannet.networks.dcgan import DCGANGenerator, DCGANTrunk
from gannet.networks.heads import ProjectionDiscriminator
from gannet.priors.gaussian import Gaussian
from gannet.regularizers.spectral_norm import SpectralNorm
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.seeding import derive, torch_rng
from gannet.training import cuda_graphs
from gannet.training.allocator import keep_freed_memory
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.training.precision import decide
from gannet.training.sampling import sample_chunks
from gannet.training.trainer import Trainer
from gannet.types import Batch, Terms

RECORD = Path(__file__).resolve().parent / "results" / "cifar-trials.json"
LOSSES = {"rp": RelativisticPaired, "ra": RelativisticAverage, "ns": NonSaturating, "hinge": Hinge}
COMPARED = {"all": 5_000, "horses": 2_500}


@dataclass(frozen=True)
class Trial:
    """The settings of ``dcgan-relativistic``, and what is varied."""

    set: str = "all"
    seconds: float = 0.0
    steps: int = 6400
    seed: int = 0
    cond: int = 1
    flip: int = 0
    batch: int = 64
    lr: float = 2e-3
    dlr: float = 1.0
    """Learning rate of D divided by that of G."""
    beta1: float = 0.5
    beta2: float = 0.99
    schedule: str = "cosine"
    gamma: float = 0.1
    every: int = 8
    on: str = "both"
    final: float = 0.0
    """0 for a constant penalty."""
    ema: float = 0.998
    prior: int = 64
    loss: str = "rp"
    critic: int = 1
    g: str = "dcgan"
    """``dcgan``, ``cbn`` (class-conditional batch norm) or ``skip`` (pictures of all sizes are added)."""
    stem: int = 1024
    """Units of the first layer of G."""
    maps: str = "128,64,64"
    """Maps of G at 4 x 4, 8 x 8 and 16 x 16."""
    d: str = "dcgan"
    """``dcgan``, ``pad`` (with padding), ``stride`` (strided convolutions), ``three`` (a third convolution)."""
    dmaps: int = 32
    dmaps2: int = 64
    dunits: int = 1024
    slope: float = 0.2
    sn: int = 0
    mbstd: int = 0
    mean: int = 0
    """1: D also sees the mean of its last maps over the image."""
    pair: int = 0
    """1: the fakes have the labels of the real images that they are compared with."""
    aux: float = 0.0
    """Weight of the cross-entropy of the classes of real images that D adds, by a linear layer on its features."""
    auxg: float = 0.0
    """Weight of the same for its fakes that G adds."""
    fm: float = 0.0
    """Weight of feature matching that G adds."""


class TriedGame(TwoPlayer):
    """``TwoPlayer`` with paired labels, a classifier on the features, and feature matching next to the loss."""

    def __init__(self, trial: Trial, *networks: Any, classes: int, **keys: Any) -> None:
        super().__init__(*networks, **keys)
        self.trial = trial
        self.classifier = nn.Linear(trial.dunits, classes)

    @property
    def players(self) -> dict[str, list[nn.Module]]:
        players = super().players
        return {**players, "discriminator": [*players["discriminator"], self.classifier]}

    def labels_of(self, batch: Batch) -> Tensor | None:
        return batch.labels if self.trial.pair else random_labels(batch, self.num_classes)

    def discriminator_terms(self, batch: Batch) -> Terms:
        labels = self.labels_of(batch)
        with torch.no_grad():
            fake = self.generate(self.prior.draw(batch.size, batch.rng), labels)
        judged = DiscriminatorPass(
            self.discriminator, (batch.real,), (fake,), batch.labels, labels, penalties=self.penalties
        )
        real, made = judged.outputs
        minimise = {"adversarial": self.loss.discriminator(real.logits, made.logits), **judged.penalty_terms(batch)}
        if self.trial.aux:
            minimise["class"] = self.trial.aux * cross_entropy(self.classifier(real.features).float(), batch.labels)
        return Terms(minimise, {})

    def generator_terms(self, batch: Batch) -> Terms:
        labels = self.labels_of(batch)
        made = self.discriminator(self.generate(self.prior.draw(batch.size, batch.rng), labels), labels)
        with torch.no_grad():
            real = self.discriminator(batch.real, batch.labels)
        minimise = {"adversarial": self.loss.generator(made.logits, real.logits)}
        if self.trial.auxg:
            minimise["class"] = self.trial.auxg * cross_entropy(self.classifier(made.features).float(), labels)
        if self.trial.fm:
            minimise["feature_matching"] = self.trial.fm * feature_distance(real.features, made.features)
        return Terms(minimise)


class ConditionalNorm(nn.Module):
    def __init__(self, maps: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(maps, affine=False)
        self.scale, self.shift = nn.Linear(classes, maps), nn.Linear(classes, maps, bias=False)
        nn.init.zeros_(self.scale.weight)
        nn.init.ones_(self.scale.bias)
        nn.init.zeros_(self.shift.weight)

    def forward(self, maps: Tensor, onehot: Tensor) -> Tensor:
        return self.norm(maps) * self.scale(onehot)[:, :, None, None] + self.shift(onehot)[:, :, None, None]


class TriedGenerator(Generator):
    """As ``DCGANGenerator`` on 32 x 32 pixels, with other widths, norms and paths."""

    def __init__(self, trial: Trial, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.kind = trial.prior, shape, classes, trial.g
        self.widths = [int(width) for width in trial.maps.split(",")]
        size = 16 * self.widths[0]
        self.stem = nn.Sequential(
            *(nn.Linear(trial.prior + classes, trial.stem), nn.ReLU(inplace=True), nn.BatchNorm1d(trial.stem)),
            *(nn.Linear(trial.stem, size), nn.ReLU(inplace=True), nn.BatchNorm1d(size)),
        )
        pairs = list(itertools.pairwise(self.widths))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in pairs)
        norm = (lambda b: ConditionalNorm(b, classes)) if trial.g == "cbn" else nn.BatchNorm2d
        self.norms = nn.ModuleList(norm(b) for _, b in pairs)
        self.pictures = nn.ModuleList(
            nn.Conv2d(a, shape[0], 3, 1, 1) for a in (self.widths[1:] if trial.g == "skip" else [])
        )
        self.last = nn.ConvTranspose2d(self.widths[-1], shape[0], 4, 2, 1)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        given = with_onehot(latents, labels, self.num_classes)
        maps, image = self.stem(given).view(-1, self.widths[0], 4, 4), None
        for index, (up, norm) in enumerate(zip(self.ups, self.norms, strict=True)):
            maps = torch.relu_(up(maps))
            maps = norm(maps, given[:, self.latent_size :]) if self.kind == "cbn" else norm(maps)
            if self.pictures:
                made = self.pictures[index](maps)
                image = made if image is None else made + nn.functional.interpolate(image, scale_factor=2)
        last = self.last(maps)
        return (last if image is None else last + nn.functional.interpolate(image, scale_factor=2)).tanh()


class TriedTrunk(Trunk):
    def __init__(self, trial: Trial, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape, self.size, self.rows_independent = shape, trial.dunits, not trial.mbstd
        self.mbstd, self.mean = trial.mbstd, trial.mean
        a, b, act = trial.dmaps, trial.dmaps2, lambda: nn.LeakyReLU(trial.slope, inplace=True)
        layers: list[nn.Module]
        if trial.d == "stride":
            layers = [nn.Conv2d(3, a, 4, 2, 1), act(), nn.Conv2d(a, b, 4, 2, 1), act()]
        elif trial.d == "three":
            layers = [nn.Conv2d(3, a, 5), nn.MaxPool2d(2), act(), nn.Conv2d(a, b, 5), nn.MaxPool2d(2), act()]
            layers += [nn.Conv2d(b, 2 * b, 3, 1, 1), act()]
        else:
            p = 2 if trial.d == "pad" else 0
            pool = nn.AvgPool2d if trial.d == "avg" else nn.MaxPool2d
            layers = [nn.Conv2d(3, a, 5, padding=p), pool(2), act(), nn.Conv2d(a, b, 5, padding=p), pool(2), act()]
        self.maps = nn.Sequential(*layers)
        out = self.maps(torch.zeros(1, *shape))
        extra = (out.shape[1] if trial.mean else 0) + (1 if trial.mbstd else 0)
        self.dense = nn.Sequential(nn.Linear(out[0].numel() + extra, trial.dunits), act())

    def forward(self, samples: Tensor) -> Tensor:
        maps = self.maps(samples)
        parts = [maps.flatten(1)]
        if self.mean:
            parts.append(maps.mean((2, 3)))
        if self.mbstd:
            deviation = (maps.float().var(0, correction=0) + 1e-8).sqrt().mean()
            parts.append(deviation.expand(len(maps), 1).to(maps.dtype))
        return self.dense(torch.cat(parts, 1) if len(parts) > 1 else parts[0])


class Plain(Discriminator):
    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.shape, self.num_classes, self.rows_independent = trunk.shape, 0, trunk.rows_independent
        self.trunk, self.head = trunk, nn.Linear(trunk.size, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Any:
        from gannet.types import DiscriminatorOutput

        found = self.trunk(samples)
        return DiscriminatorOutput(self.head(found).squeeze(1).float(), found)


def experiment_of(trial: Trial, form: Form) -> Experiment:
    classes = form.num_classes if trial.cond and form.num_classes > 1 else 0
    default = Trial()
    generator: Generator = TriedGenerator(trial, form.shape, classes)
    if all(getattr(trial, n) == getattr(default, n) for n in ("g", "stem", "maps")):
        generator = DCGANGenerator(trial.prior, form.shape, num_classes=classes)
    trunk: Trunk = TriedTrunk(trial, form.shape)
    if all(getattr(trial, n) == getattr(default, n) for n in ("d", "dmaps", "dmaps2", "dunits", "mbstd", "mean")):
        trunk = DCGANTrunk(form.shape, slope=trial.slope)
    discriminator: Discriminator = ProjectionDiscriminator(trunk, classes) if classes else Plain(trunk)
    final = trial.final or None
    penalties = [ZeroCentered(trial.gamma, trial.on, final, trial.every)] if trial.gamma else []  # type: ignore[arg-type]
    constraints = [SpectralNorm()] if trial.sn else []
    keys = {"loss": LOSSES[trial.loss](), "penalties": penalties, "constraints": constraints}
    networks = (generator, discriminator, Gaussian(size=trial.prior))
    tried = trial.pair or trial.aux or trial.auxg or trial.fm
    game = (
        TriedGame(trial, *networks, classes=max(classes, 1), **keys)
        if tried
        else TwoPlayer(*networks, critic_steps=trial.critic, **keys)
    )
    optimizer = Optimizer(lr=trial.lr, beta1=trial.beta1, beta2=trial.beta2, schedule=trial.schedule)  # type: ignore[arg-type]
    return Experiment(
        game, Optimizers(optimizer, replace(optimizer, lr=trial.lr * trial.dlr)), trial.batch, trial.steps,
        average=trial.ema,
    )  # fmt: skip


def images_of(archive: Path, within: str = "") -> np.ndarray:
    with zipfile.ZipFile(archive) as file:
        names = sorted(n for n in file.namelist() if n.endswith(".jpg") and n.startswith(within))
        with multiprocessing.Pool() as pool:
            return np.stack(pool.map(_decoded, [file.read(name) for name in names], chunksize=256))


def _decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


@cache
def opened(folder: Path, name: str, flip: bool) -> Dataset:
    keys = {"data.flip": flip} | ({"data.classes": "horse"} if name == "horses" else {})
    source = str(folder / "cifar10-train.zip")
    return plan(source, recipe="dcgan", given=keys, flags=DEFAULT_FLAGS).source.open(silent)


def carried_out(trial: Trial, folder: Path) -> dict[str, Any]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = decide(device=device, precision="auto", is_images=True, allow_bf16=True)
    dataset = opened(folder, trial.set, bool(trial.flip))  # once per process
    torch.manual_seed(derive(trial.seed, "weights"))
    if trial.seconds:
        probe = Trainer(experiment_of(trial, dataset.form), dataset, seed=trial.seed, precision=precision)
        for _ in range(8):
            probe.play()
        begin = time.process_time()
        for _ in range(40):
            probe.play()
        trial = replace(trial, steps=int(trial.seconds / ((time.process_time() - begin) / 40)))
        torch.manual_seed(derive(trial.seed, "weights"))
    trainer = Trainer(experiment_of(trial, dataset.form), dataset, seed=trial.seed, precision=precision)
    if device == "cuda":
        cuda_graphs.choose_step(trainer)
    began = time.process_time() if device == "cpu" else time.perf_counter()
    for _ in range(trial.steps):
        trainer.play()
    used = (time.process_time() if device == "cpu" else time.perf_counter()) - began
    row: dict[str, Any] = {"device": device, "steps": trial.steps, "seconds_of_training": round(used, 1)}
    count, game = COMPARED[trial.set], trainer.average.game
    rng = torch_rng(trial.seed, "samples", device=precision.device)
    samples = np.concatenate([dataset.form.decode(chunk) for chunk in sample_chunks(game, count, rng)])
    row["fd[effnet-lite0]"] = round(distance(np.load(folder / f"{trial.set}.npy"), responses(samples)), 2)
    return row


def responses(images: np.ndarray) -> np.ndarray:
    """As ``features("effnet-lite0", images)``, with the enlargement on the GPU as well."""
    network = efficientnet_lite.load()
    device, parts = next(network.parameters()).device, []
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for chunk in np.array_split(images, max(1, len(images) // 250)):
            pixels = torch.from_numpy(chunk.copy()).to(device).permute(0, 3, 1, 2).float()
            large = nn.functional.interpolate(pixels, (224, 224), mode="bicubic", antialias=True).clamp(0, 255)
            parts.append(network((large - 127) / 128)[0].cpu().numpy())
    return np.concatenate(parts)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """As ``frechet_distance``, on the GPU."""
    device = efficientnet_lite.best_device()
    a, b = (torch.from_numpy(rows).to(device).double() for rows in (first, second))
    centred = [(rows - rows.mean(0)) / (len(rows) - 1) ** 0.5 for rows in (a, b)]
    roots = [torch.linalg.qr(rows, mode="r")[1] for rows in centred]
    shared = torch.linalg.svdvals(roots[0] @ roots[1].T).sum()
    spread = sum(rows.square().sum() for rows in centred)
    return float((a.mean(0) - b.mean(0)).square().sum() + spread - 2 * shared)


def work(jobs: Any, results: Any, folder: Path) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    while (trial := jobs.get()) is not None:
        try:
            row = carried_out(trial, folder)
        except Exception as error:
            row = {"error": f"{type(error).__name__}: {error}"[:300]}
        results.put((trial, row))


def main() -> None:
    folder, workers = Path(sys.argv[1]), int([*sys.argv, "1"][2])
    kinds = {field.name: type(field.default) for field in fields(Trial)}
    trials = []
    for line in sys.stdin.read().splitlines():
        given = dict(word.split("=", 1) for word in line.split())
        trials.append(Trial(**{name: kinds[name](value) for name, value in given.items()}))
    if not (folder / "horses.npy").exists():
        np.save(folder / "all.npy", responses(images_of(folder / "cifar10-test.zip")[::2]))
        np.save(folder / "horses.npy", responses(images_of(folder / "cifar10-train.zip", "horse/")[::2]))
    context = multiprocessing.get_context("spawn")
    jobs, results = context.Queue(), context.Queue()
    for trial in [*trials, *[None] * workers]:
        jobs.put(trial)
    for _ in range(workers):
        context.Process(target=work, args=(jobs, results, folder), daemon=True).start()
    for _ in trials:
        trial, row = results.get()
        varied = {n: v for n, v in asdict(trial).items() if v != getattr(Trial(), n)}
        row = {"settings": varied, **row, "date": date.today().isoformat()}
        print(json.dumps(row), flush=True)
        rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
        RECORD.write_text(json.dumps([*rows, row], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
