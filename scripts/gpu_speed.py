"""How fast Gannet is on a GPU next to plain loops, in which precision, and with how much memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from gpu_checks import Figures, Setting, Skipped, trainer_of
from torch import Tensor

from gannet_dev.baselines import dcgan as plain_dcgan
from gannet_dev.baselines import points as plain_points
from gannet_dev.baselines import wgan_gp as plain_wgan_gp


def check_precision(s: Setting, figures: Figures) -> None:
    """dcgan in both precisions: finite, and how long a step takes."""
    for precision in ("bf16", "fp32"):
        t = trainer_of(s, "digits", "dcgan", precision=precision)
        figures[f"{precision}_ms"] = 1e3 * seconds_per_step(s, t.play, steps=s.steps(50))
        assert all(w.isfinite().all() for w in t.game.state_dict().values()), f"not finite in {precision}"
    for precision in ("bf16", "fp32"):
        t = trainer_of(s, "digits", "sngan", precision=precision)
        for _ in range(s.steps(30)):
            t.play()
        t.game.eval()
        layers = [layer for layer in t.game.discriminator.modules() if hasattr(layer, "parametrizations")]
        norms = [torch.linalg.matrix_norm(layer.weight.detach().flatten(1).float(), 2).item() for layer in layers]
        figures[f"{precision}_spectral_norms"] = [min(norms), max(norms)]
        assert np.isfinite(norms).all(), f"spectral norms are not finite in {precision}"


def seconds_per_step(s: Setting, step: Callable[[], object], *, steps: int) -> float:
    """Mean over ``steps`` steps, after a warm-up."""
    for _ in range(1 if s.quick else 5):
        step()
    s.synchronise()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    s.synchronise()
    return (time.perf_counter() - began) / steps


def noise(channels: int, side: int) -> Tensor:
    """Random images as the plain loops take them."""
    return torch.rand(10_000, channels, side, side) * 2 - 1


def check_speed(s: Setting, figures: Figures, *, work: str) -> None:
    """Steps per second of Gannet and of the plain loop, A B A B; a ratio above 1 means that Gannet is faster."""
    device, both = s.device, ("auto", "fp32")
    data, recipe, per_step, make_plain, precisions = {
        "dcgan": (s.images(28, 1), "dcgan", 128, lambda: plain_dcgan.Loop(noise(1, 28), device=device), both),
        "gan-deep": ("ring", "gan-deep", 128, lambda: plain_points.Loop(device=device), ("fp32",)),
        "wgan-gp": (s.images(32, 3), "wgan-gp", 320, lambda: plain_wgan_gp.Loop(noise(3, 32), device=device), both),
        "particle-gan": ("ring", "particle-gan", 256, lambda: None, ("fp32",)),
        "dcgan-relativistic": (s.images(32, 3), "dcgan-relativistic", 64, lambda: None, ("auto",)),
    }[work]
    plain = make_plain()
    sides = {
        f"{kind}_{precision}": trainer_of(s, data, recipe, precision=precision, graphs=kind == "graphs").play
        for precision in precisions
        for kind in (("graphs", "eager") if device == "cuda" else ("eager",))
    }
    if plain is not None:
        sides["plain"] = plain.step
    wanted, rounds = (0.15, 2) if s.quick else (0.7, 4)
    tried = {name: seconds_per_step(s, step, steps=1 if s.quick else 10) for name, step in sides.items()}
    counts = {name: max(1, int(wanted / seconds)) for name, seconds in tried.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, step in sides.items():
            times[name].append(seconds_per_step(s, step, steps=counts[name]))
    for name, measured in times.items():
        label = "plain" if name == "plain" else f"gannet_{name}"
        figures[f"{label}_steps_per_s"] = 1 / statistics.median(measured)
        figures[f"{label}_samples_per_s"] = per_step / statistics.median(measured)
        if name != "plain" and plain is not None:
            ratios = [b / a for a, b in zip(measured, times["plain"], strict=True)]
            figures[f"ratio_{name}"] = [statistics.median(ratios), min(ratios), max(ratios)]


def check_memory(s: Setting, figures: Figures) -> None:
    """Peak memory of dcgan on 28 x 28 images."""
    if s.device != "cuda":
        raise Skipped("needs a GPU")
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    t = trainer_of(s, s.images(28, 1), "dcgan")
    for _ in range(20):
        t.play()
    figures["peak_mib"] = (torch.cuda.max_memory_allocated() - before) / 2**20
    figures["reserved_mib"] = torch.cuda.memory_reserved() / 2**20
