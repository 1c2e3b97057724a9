"""Draw the figures of docs/theory from computed values.

usage: python scripts/theory_pictures.py [docs/pictures]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from gannet.figures.functions import Line, Panel, draw_functions
from gannet.figures.plan import draw_plan
from gannet.figures.theme import FAKE, INK, REAL
from gannet.theory.divergences import histogram, jensen_shannon, kullback_leibler, reverse_kullback_leibler
from gannet.theory.earth_mover import plan_between_histograms, plan_between_points
from gannet.theory.game import generator_cost, optimal_discriminator

AXIS = np.linspace(-6, 6, 601)
WIDE = np.linspace(-12, 12, 1201)


def gaussian(x: np.ndarray, mean: float, sigma: float) -> np.ndarray:
    return np.exp(-np.square(x - mean) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def two_modes(x: np.ndarray) -> np.ndarray:
    return 0.6 * gaussian(x, -2, 0.6) + 0.4 * gaussian(x, 2, 0.6)


def best_fit(divergence) -> tuple[float, float]:
    """The (mean, standard deviation) of the Gaussian with the lowest divergence, on a grid with steps of 0.05."""
    p = histogram(two_modes(WIDE))
    choices = [(m, s) for m in np.arange(-3, 3.01, 0.05) for s in np.arange(0.3, 3.01, 0.05)]
    return min(choices, key=lambda choice: divergence(p, histogram(gaussian(WIDE, *choice) + 1e-300)))


def divergences() -> Image.Image:
    p = two_modes(AXIS)
    panels = []
    for title, divergence in (
        ("Lowest KL(p || q): covers both modes", kullback_leibler),
        ("Lowest KL(q || p): covers one mode", reverse_kullback_leibler),
    ):
        mean, sigma = best_fit(divergence)
        q = gaussian(AXIS, mean, sigma)
        value = divergence(histogram(two_modes(WIDE)), histogram(gaussian(WIDE, mean, sigma) + 1e-300))
        print(title, f"mean {mean:.2f} sigma {sigma:.2f} value {value:.4f}")
        lines = (Line("data p", p, REAL, filled=True), Line(f"model q, divergence {value:.2f}", q, FAKE, filled=True))
        panels.append(Panel(title, AXIS, lines, y_label="density", top=0.75))
    return draw_functions(panels)


def discriminator() -> Image.Image:
    panels = []
    for words, mean in (("apart", 2.0), ("closer", 0.7)):
        p, q = gaussian(AXIS, -mean, 1.0), gaussian(AXIS, mean, 1.0)
        densities = Line("data p", p, REAL, filled=True), Line("model q", q, FAKE, filled=True)
        best = Line("D*(x) = p / (p + q)", optimal_discriminator(p, q), INK)
        cost = generator_cost(histogram(p), histogram(q))
        print("discriminator", mean, f"C {cost:.4f}")
        panels.append(
            Panel(
                f"Two Gaussians, {words}: C(G) = \u2212{-cost:.2f}",
                AXIS,
                (*densities, best),
                levels=((0.5, "D = 1/2"),),
                top=1.09,
            )
        )
    return draw_functions(panels)


def saturation() -> Image.Image:
    """Two boxes of width 1, one moved by theta, as histograms of bins of 1/100."""
    shifts = np.arange(0, 301)
    box = np.zeros(401)
    box[:100] = 1 / 100
    js = np.array([jensen_shannon(box, np.roll(box, s)) for s in shifts])
    earth = np.array([plan_between_histograms(box, np.roll(box, s)).cost / 100 for s in shifts])
    theta = shifts / 100
    jensen = Line("JS(p, q)", js, REAL), Line("slope", np.gradient(js, theta), FAKE, dashed=True)
    mover = Line("W1(p, q)", earth, REAL), Line("slope", np.gradient(earth, theta), FAKE, dashed=True)
    label = "shift of the model's box"
    return draw_functions(
        [
            Panel(
                "Jensen-Shannon: flat without overlap",
                theta,
                jensen,
                label,
                "nats",
                ((float(np.log(2)), "ln 2"),),
                top=1.05,
            ),
            Panel("Earth mover: slope 1 everywhere", theta, mover, label, "distance"),
        ]
    )


def main(folder: str = "docs/pictures") -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in (
        ("divergences", divergences),
        ("optimal-discriminator", discriminator),
        ("saturation", saturation),
    ):
        save(draw(), out / f"{name}.png")
    p, q = np.array([0.5, 0.3, 0.2, 0, 0, 0]), np.array([0, 0, 0.1, 0.2, 0.3, 0.4])
    # Many plans have the lowest W1 here; the squared distance selects the one without crossing arrows.
    plan = plan_between_histograms(p, q, power=2)
    cost = (plan.mass * plan.distances).sum()
    assert abs(cost - plan_between_histograms(p, q).cost) < 1e-9
    print("histograms", cost)
    save(draw_plan(plan.sources, plan.targets, plan.mass, f"W1 = {cost:.1f} bins"), out / "plan-histograms.png")
    rng = np.random.default_rng(4)
    angle = np.arange(8) * np.pi / 4
    ring = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    plan = plan_between_points(rng.normal(0, 0.7, (8, 2)), ring)
    print("points", plan.cost)
    save(draw_plan(plan.sources, plan.targets, plan.mass, f"W1 = {plan.cost:.2f}"), out / "plan-points.png")


def save(picture: Image.Image, path: Path) -> None:
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
