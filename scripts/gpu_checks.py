"""What ``gpu_check.py`` checks: one function for each check, which fills in figures and fails by an assertion."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, relu

import gannet
from gannet.config.build import build
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import silent
from gannet.features import cnn, inception_v3, randconv
from gannet.features.inference import respond
from gannet.games.base import Generates
from gannet.games.labels import balanced_labels
from gannet.live.live_keys import LiveKeys
from gannet.live.slow_motion import SlowMotion
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.seeding import torch_rng
from gannet.sessions.reporter import PythonReporter
from gannet.sessions.resume import resume
from gannet.sessions.trained_run import TrainedRun
from gannet.training import checkpoint, cuda_graphs
from gannet.training.sampling import evaluating
from gannet.training.trainer import Trainer

ROOT = Path(__file__).resolve().parent.parent

CLOSE = 1e-3
"""Largest difference between two devices in float32."""
RESUMED = 1e-4
"""Largest relative difference after a resume on a GPU, where kernels may add in another order."""
Figures = dict[str, Any]


class Skipped(Exception):
    """The check does not apply to this machine."""


@dataclass(frozen=True)
class Setting:
    """Where and how thoroughly to check."""

    device: str
    quick: bool
    folder: Path

    def steps(self, count: int) -> int:
        """``count``, or a fifth of it for a quick check."""
        return max(2, count // 5) if self.quick else count

    def synchronise(self) -> None:
        """Wait for the GPU."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def images(self, side: int, channels: int) -> str:
        """Path of a file of random images, written on first use."""
        path = self.folder / f"noise-{side}-{channels}.npz"
        if not path.exists():
            pixels = np.random.default_rng(0).integers(0, 256, (10_000, side, side, channels), dtype="uint8")
            np.savez(path, samples=pixels)
        return str(path)


def trained(s: Setting, data: str, recipe: str, name: str, steps: int, **options: Any) -> TrainedRun:
    """Train a run in the temporary folder; health alarms of so short a run mean nothing."""
    keys = {"frames.every": max(1, steps // 3), "steps": steps} | options.pop("keys", {})
    options = {"device": s.device, "quiet": True} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gannet.train(data, recipe=recipe, out=s.folder / name, keys=keys, **options)


def trainer_of(
    s: Setting,
    data: str,
    recipe: str,
    *,
    device: str = "",
    precision: str = "auto",
    graphs: bool = False,
    keys: dict[str, Any] | None = None,
) -> Trainer:
    """A trainer without a run directory; with ``graphs``, of CUDA graphs where a training would use them."""
    flags = DEFAULT_FLAGS | {"device": device or s.device, "precision": precision}
    planned = plan(data, recipe=recipe, given=keys or {}, flags=flags)
    dataset = planned.source.open(silent)
    experiment, chosen = build(planned, dataset.form)
    trainer = Trainer(experiment, dataset, seed=0, precision=chosen)
    if graphs:
        cuda_graphs.choose_step(trainer)
    return trainer


def largest_difference(first: dict[str, Tensor], second: dict[str, Tensor], *, relative: bool = False) -> float:
    """Over all tensors, which must have equal names; relative to the largest value of each tensor."""
    assert first.keys() == second.keys(), f"different tensors: {sorted(first.keys() ^ second.keys())[:3]}"
    worst = 0.0
    for name, tensor in first.items():
        a, b = tensor.detach().double().cpu(), second[name].detach().double().cpu()
        if a.numel():
            worst = max(worst, ((a - b).abs().max() / (a.abs().max().clamp_min(1e-12) if relative else 1)).item())
    return worst


def checkpoint_difference(first: Path, second: Path) -> float:
    """Largest relative difference of all tensors of two runs' newest checkpoints; 0 if they are bitwise equal."""
    folders = [checkpoint.latest_valid(path / CHECKPOINTS_FOLDER)[0] for path in (first, second)]
    parts = ([checkpoint.load_weights(f, name) for f in folders] for name in ("model", "average", "optimizers"))
    return max(largest_difference(*part, relative=True) for part in parts)


def check_recipe(s: Setting, figures: Figures, *, recipe: str, data: str, keys: dict[str, Any] | None = None) -> None:
    """The recipe trains, its terms are finite, its checkpoint loads, and its generator agrees on both devices."""
    kind_keys = {"batch_size": 64 if data == "ring" else 32, "checkpoint.every": s.steps(15)} | (keys or {})
    run = trained(s, data, recipe, f"{recipe}-{data}", s.steps(30), keys=kind_keys)
    values = {k: v for event in run.run.events() if event.kind == "terms" for k, v in event.values.items()}
    figures["precision"] = run.run.record.environment["precision"].partition(" ")[0]
    figures["terms"] = len(values)
    assert values, "no terms were recorded"
    assert np.isfinite(list(values.values())).all(), f"terms are not finite: {values}"
    samples, _ = run.sample(16)
    assert len(samples) == 16, f"{len(samples)} samples instead of 16"
    assert np.isfinite(samples).all(), "samples are not finite"
    game = run.game
    if not isinstance(game, Generates):
        return
    if not hasattr(game, "draw_latents"):
        return
    latents = game.draw_latents(64, torch_rng(0, "check"))
    labels = balanced_labels(game, 64)
    moved = copy.deepcopy(game).to(s.device)
    with torch.no_grad(), evaluating(game), evaluating(moved):
        expected = game.generate(latents, labels)
        for name, tf32 in (("cpu_gpu_difference", False), ("with_tf32", True)):
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=tf32):
                got = moved.generate(latents.to(s.device), None if labels is None else labels.to(s.device))
            figures[name] = (got.cpu() - expected).abs().max().item()
    assert expected.isfinite().all(), "the generator's output is not finite"
    assert figures["cpu_gpu_difference"] < CLOSE, "the generator's output depends on the device"


def check_resume(s: Setting, figures: Figures, *, recipe: str, data: str) -> None:
    """Half of the steps and a resume give the run that all steps in one go give."""
    steps, name, keys = 2 * s.steps(20), f"resume-{recipe}", {"batch_size": 32}
    whole = trained(s, data, recipe, f"{name}-whole", steps, keys=keys)
    again = trained(s, data, recipe, f"{name}-again", steps, keys=keys)
    half = trained(s, data, recipe, f"{name}-half", steps // 2, keys=keys)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resume(half.path, PythonReporter(quiet=True), steps=steps)
    environment = whole.run.record.environment
    figures["precision"] = environment["precision"].partition(" ")[0]
    figures["same_run_twice"] = checkpoint_difference(whole.path, again.path)
    figures["resumed"] = checkpoint_difference(whole.path, half.path)
    figures["bitwise"] = figures["resumed"] == 0
    if s.device == "cuda":
        assert {"gpu", "cuda", "cudnn"} <= environment.keys(), "the run does not record the GPU and its libraries"
    assert figures["resumed"] < (RESUMED if s.device == "cuda" else 1e-30), "the resumed run differs"


def check_same_start(s: Setting, figures: Figures) -> None:
    """The same seed gives the same first weights and data on both devices, and the same latents the same first step."""
    pair = [trainer_of(s, "ring", "gan", device=device, precision="fp32") for device in ("cpu", s.device)]
    figures["first_weights"] = largest_difference(*(t.game.state_dict() for t in pair))
    batches = [t.dataset.batch(64, seed=0, position=0, device=t.precision.device)[0].cpu() for t in pair]
    figures["first_batch"] = (batches[0] - batches[1]).abs().max().item()
    own = [t.game.draw_latents(64, torch_rng(0, "check", device=t.precision.device)).cpu() for t in pair]
    figures["own_noise_equal"] = bool(torch.equal(*own))
    for t in pair:  # each device has its own generator of random numbers, so both get the CPU's latents
        stream, device = torch_rng(0, "latents"), t.precision.device
        size = t.game.prior.size
        t.game.prior.draw = lambda n, rng, size=size, a=stream, d=device: torch.randn(n, size, generator=a).to(d)
    for step in range(s.steps(50)):
        terms = [{k: v.double().cpu() for k, v in t.play().items()} for t in pair]
        if step == 0:
            figures["terms_step_1"] = largest_difference(*terms)
    figures["terms_last_step"] = largest_difference(*terms)
    figures["weights_last_step"] = largest_difference(*(t.game.state_dict() for t in pair))
    assert figures["first_weights"] == 0, "the first weights depend on the device"
    assert figures["first_batch"] == 0, "the first batch depends on the device"
    assert figures["terms_step_1"] < CLOSE, "the terms of the first step depend on the device"


def gannet_without_gpu(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``gannet ARGUMENTS`` in a process that sees no GPU."""
    paths = os.pathsep.join(filter(None, [str(Path(gannet.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": paths}
    command = [sys.executable, "-m", "gannet", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=80, check=False)


def check_elsewhere(s: Setting, figures: Figures) -> None:
    """A run of this device is sampled, measured, resumed and forked where there is no GPU."""
    steps, options = s.steps(30), {"checkpoint.every": s.steps(15)}
    auto = "auto" if s.device == "cuda" else "cpu"
    run = trained(s, "ring", "gan", "elsewhere", steps, keys=options, device=auto)
    figures["trained_on"] = run.run.record.environment["device"]
    assert figures["trained_on"].startswith(s.device), "--device auto did not choose the GPU"
    fixed = trained(s, "ring", "gan", "elsewhere-fixed", steps, keys=options)
    commands = {
        "sample": ("sample", str(run.path), "-n", "16", "-o", str(s.folder / "elsewhere.png")),
        "measure": ("measure", str(run.path), "--metrics", "mmd", "--samples", "200"),
        "resume": ("resume", str(run.path), "--steps", str(steps + 5), "--quiet"),
        "fork": (
            "train",
            f"{fixed.path}@{steps}",
            "--device",
            "cpu",
            "--steps",
            str(steps + 5),
            "--out",
            str(s.folder / "fork"),
        ),
        "measure_fixed": ("measure", str(fixed.path), "--metrics", "mmd", "--samples", "200"),
    }
    problems = []
    for name, arguments in commands.items():
        done = gannet_without_gpu(*arguments)
        figures[name] = done.returncode
        if done.returncode:
            problems.append(f"{name}: {' '.join(done.stderr.split())[-300:]}")
    if s.device == "cuda":  # a run that names cuda is refused in one sentence, not by a traceback
        refused = gannet_without_gpu("resume", str(fixed.path), "--steps", str(steps + 5))
        figures["resume_named_cuda"] = " ".join(refused.stderr.split())[-200:]
        if refused.returncode == 0 or "Traceback" in refused.stderr:
            problems.append(f"resume of a run with --device cuda: status {refused.returncode}")
    assert not problems, "; ".join(problems)


def check_live(s: Setting, figures: Figures) -> None:
    """Slow motion, single turns and a live key work on the device, and slow motion changes no bit of training."""
    plain, watched = (trainer_of(s, "ring", "gan") for _ in range(2))
    plain.play()
    slow = SlowMotion(watched)
    watched.play()
    arrays = slow.finish()
    figures["arrays"] = len(arrays)
    figures["difference"] = largest_difference(plain.game.state_dict(), watched.game.state_dict())
    planned = plan("ring", recipe="gan", given={}, flags=DEFAULT_FLAGS | {"device": s.device})
    change = LiveKeys(planned, watched).edit("optimizer.generator.lr", 1e-4)
    assert change is not None
    change()
    watched.play_alone("generator")
    watched.play()
    checkpoint.save(s.folder / "live", watched, seconds=0, keep=1)
    restored = trainer_of(s, "ring", "gan")
    checkpoint.restore(checkpoint.latest_valid(s.folder / "live")[0], restored)
    figures["restored"] = largest_difference(watched.game.state_dict(), restored.game.state_dict())
    assert figures["restored"] == 0, "a restored checkpoint differs"
    assert all(np.isfinite(a).all() for a in arrays.values()), "slow motion recorded values that are not finite"
    assert figures["difference"] == 0, "slow motion changed the weights"


def check_measuring(s: Setting, figures: Figures, *, recipe: str, data: str, metrics: list[str]) -> None:
    """Score cards while training on the device, and from the finished run."""
    if find_spec("ot") is None:
        raise Skipped("needs the package POT")
    run = trained(s, data, recipe, f"measuring-{recipe}", 6, keys={"measure.every": 3})
    warned = [event.text for event in run.run.events() if event.kind == "warning"]
    figures["while_training"] = len(run.run.scores())
    cards, skipped = run.measure(metrics, samples=200)
    figures |= {card.label: card.value for card in cards}
    assert figures["while_training"], f"nothing was measured while training: {warned}"
    assert cards, f"nothing was measured: {skipped}"


def check_extractors(s: Setting, figures: Figures) -> None:
    """The networks behind metrics give the same features on both devices; Inception with random weights."""
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), dtype="uint8")
    pixels, weights = cnn.prepared(images, cnn.TRAINED["mnist-cnn-v1"].side), cnn.load("mnist-cnn-v1")
    kernels = [torch.from_numpy(w) for w in randconv.randconv_weights()]
    network = inception_v3.InceptionV3().eval()

    def on(device: str) -> tuple[Tensor, ...]:
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            classified = cnn.forward(pixels.to(device), {k: v.to(device) for k, v in weights.items()})[0].cpu()
            now, parts = pixels.to(device).expand(-1, 3, -1, -1), []
            for kernel in kernels:
                now = relu(conv2d(now, kernel.to(device), padding="same"))
                parts += [now.mean(dim=(2, 3)), now.std(dim=(2, 3), correction=0)]
                now = avg_pool2d(now, 2)
        placed = copy.deepcopy(network).to(device)
        pooled = respond("inception", placed, inception_v3.prepared, images[:8])[0]
        return classified, torch.cat(parts, dim=1).cpu(), torch.from_numpy(pooled)

    names = ("mnist_cnn", "randconv", "inception_random")
    for name, a, b in zip(names, on("cpu"), on(s.device), strict=True):
        figures[name] = ((a - b).abs().max() / a.abs().max().clamp_min(1.0)).item()
    assert max(figures[name] for name in names) < CLOSE, "features depend on the device"
