"""Many short trainings on CIFAR-10 side by side on one GPU: candidates for the recommended recipe at equal steps.

    python benchmarks/gpu_trials.py FOLDER OUT.jsonl WORKERS < TRIALS

FOLDER has cifar10-train.zip and cifar10-test.zip; effnet-lite0 needs its weights. A line of TRIALS is a list of
KEY=VALUE, the fields of ``Trial``. FD[effnet-lite0] compares 5,000 samples of the EMA generator with 5,000 test images,
for horses 2,500 with every second training horse; A trial is a line of OUT.jsonl. Steps are CUDA graphs.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
import zipfile
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Dataset, Form, silent
from gannet.features import efficientnet_lite
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
from gannet.training.experiment import Experiment, Optimizer, Optimizers
from gannet.training.precision import decide
from gannet.training.sampling import sample_chunks
from gannet.training.trainer import Trainer

LOSSES = {"rp": RelativisticPaired, "ra": RelativisticAverage, "ns": NonSaturating, "hinge": Hinge}
COMPARED = {"all": 5_000, "horses": 2_500}


@dataclass(frozen=True)
class Trial:
    """The settings of ``dcgan-relativistic``, and what is varied."""

    set: str = "all"
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
    """``dcgan``, ``cbn`` (class-conditional batch norm in the maps) or ``skip`` (pictures of all sizes are added)."""
    stem: int = 1024
    """Units of the first layer of G."""
    gmaps: int = 128
    gmaps2: int = 64
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
    def __init__(self, trial: Trial, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.kind = trial.prior, shape, classes, trial.g
        a, b, self.maps = trial.gmaps, trial.gmaps2, trial.gmaps
        self.stem = nn.Sequential(
            *(nn.Linear(trial.prior + classes, trial.stem), nn.ReLU(inplace=True), nn.BatchNorm1d(trial.stem)),
            *(nn.Linear(trial.stem, 64 * a), nn.ReLU(inplace=True), nn.BatchNorm1d(64 * a)),
        )
        self.first, self.second = nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ConvTranspose2d(b, shape[0], 4, 2, 1)
        self.norm = ConditionalNorm(b, classes) if trial.g == "cbn" else nn.BatchNorm2d(b)
        if trial.g == "skip":
            self.small, self.middle = nn.Conv2d(a, shape[0], 3, 1, 1), nn.Conv2d(b, shape[0], 3, 1, 1)
        if trial.g == "deep":
            self.more, self.more_norm = nn.Conv2d(b, b, 3, 1, 1), nn.BatchNorm2d(b)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        given = with_onehot(latents, labels, self.num_classes)
        maps = self.stem(given).view(-1, self.maps, 8, 8)
        middle = nn.functional.relu(self.first(maps))
        middle = self.norm(middle, given[:, self.latent_size :]) if self.kind == "cbn" else self.norm(middle)
        if self.kind == "deep":
            middle = middle + self.more_norm(nn.functional.relu(self.more(middle)))
        image = self.second(middle)
        if self.kind == "skip":
            up = nn.functional.interpolate(self.small(maps), scale_factor=2) + self.middle(middle)
            image = image + nn.functional.interpolate(up, scale_factor=2)
        return image.tanh()


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
    if all(getattr(trial, n) == getattr(default, n) for n in ("g", "stem", "gmaps", "gmaps2")):
        generator = DCGANGenerator(trial.prior, form.shape, num_classes=classes)
    trunk: Trunk = TriedTrunk(trial, form.shape)
    if all(getattr(trial, n) == getattr(default, n) for n in ("d", "dmaps", "dmaps2", "dunits", "mbstd", "mean")):
        trunk = DCGANTrunk(form.shape, slope=trial.slope)
    discriminator: Discriminator = ProjectionDiscriminator(trunk, classes) if classes else Plain(trunk)
    final = trial.final or None
    penalties = [ZeroCentered(trial.gamma, trial.on, final, trial.every)] if trial.gamma else []  # type: ignore[arg-type]
    constraints = [SpectralNorm()] if trial.sn else []
    game = TwoPlayer(generator, discriminator, Gaussian(size=trial.prior), loss=LOSSES[trial.loss](),
                     penalties=penalties, constraints=constraints, critic_steps=trial.critic)  # fmt: skip
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
    trainer = Trainer(experiment_of(trial, dataset.form), dataset, seed=trial.seed, precision=precision)
    cuda_graphs.choose_step(trainer) if device == "cuda" else None
    began = time.perf_counter()
    for _ in range(trial.steps):
        trainer.play()
    seconds = time.perf_counter() - began
    row: dict[str, Any] = {"steps_are": trainer.step_kind, "ms": 1e3 * seconds / trial.steps}
    count, game = COMPARED[trial.set], trainer.average.game
    rng = torch_rng(trial.seed, "samples", device=precision.device)
    samples = np.concatenate([dataset.form.decode(chunk) for chunk in sample_chunks(game, count, rng)])
    row["fd"] = distance(np.load(folder / f"{trial.set}.npy"), responses(samples))
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
    while (trial := jobs.get()) is not None:
        try:
            row = carried_out(trial, folder)
        except Exception as error:
            row = {"error": f"{type(error).__name__}: {error}"[:300]}
        results.put((trial, row))
    results.put(None)


def main() -> None:
    folder, out, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    kinds = {field.name: type(field.default) for field in fields(Trial)}
    trials = []
    for line in sys.stdin.read().splitlines():
        given = dict(word.split("=", 1) for word in line.split())
        trials.append(Trial(**{name: kinds[name](value) for name, value in given.items()}))
    if not (folder / "all.npy").exists():
        np.save(folder / "all.npy", responses(images_of(folder / "cifar10-test.zip")[::2]))
        horses = images_of(folder / "cifar10-train.zip", "horse/")[::2]
        np.save(folder / "horses.npy", responses(horses))
        print("real features", flush=True)
    context = multiprocessing.get_context("spawn")
    jobs, results = context.Queue(), context.Queue()
    for trial in [*trials, *[None] * workers]:
        jobs.put(trial)
    processes = [context.Process(target=work, args=(jobs, results, folder), daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    left, began = workers, time.perf_counter()
    while left:
        found = results.get()
        if found is None:
            left -= 1
            continue
        trial, row = found
        varied = {n: v for n, v in asdict(trial).items() if v != getattr(Trial(), n)}
        short = {n: round(v, 3) if isinstance(v, float) else v for n, v in row.items()}
        print(f"{time.perf_counter() - began:.0f} s", varied, short, flush=True)
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"settings": varied, **row}) + "\n")


if __name__ == "__main__":
    main()
