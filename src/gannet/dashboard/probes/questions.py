"""The questions. Each states which games support it, and gives the same answer for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gannet.dashboard.probes.arithmetic import level_shares, nearest_rows
from gannet.dashboard.probes.base import Answer, Curve, Look, Sheet
from gannet.evaluation.inversion import Search, invert
from gannet.figures.sheet import side_by_side
from gannet.games.base import Discriminates, DrawsCodes, Encodes, Game, Generates, Translates
from gannet.games.directions import principal_directions
from gannet.seeding import derive, torch_rng
from gannet.training.sampling import CHUNK, evaluating, sample_game, translated
from gannet.training.spectrum import radial_power

ROW = 10
"""Images per row."""
JUDGED = 500
COMPARED = 1000
"""Number of real, and of generated, images for spectra and levels."""
LEVEL_BINS = 16
DIRECTIONS = 3
DIRECTION_SAMPLES = 512
TRIPLES = 6
"""Translations in two rows."""
QUICK_SEARCH = Search(keep=1, steps=60, features=0.0)
"""Of latents: a second or two for a row of small images, where the default search takes seconds for each image."""
FARTHEST = 4.0
"""Maximum shift of a latent in standard deviations."""

Arguments = Mapping[str, float]


@dataclass(frozen=True)
class Question:
    """Name in addresses, condition on the game, and the function that answers."""

    suits: Callable[[Look], bool]
    answer: Callable[[Look, Arguments], Answer]


def averages(look: Look, arguments: Arguments) -> Answer:
    """Samples of the EMA and of the raw generator from the same noise, or from the same inputs."""
    conditions = look.conditions if look.conditions <= 20 else 0
    columns = conditions * max(1, ROW // conditions) if conditions else ROW
    count = columns * max(1, round(3 * ROW / columns))
    both = []
    for trained in (look.trained, look.raw):
        normalised = sample_game(
            trained.game, count, torch_rng(_seed(arguments), "averages"), labels=look.labels(count), images=look.images
        )
        both.append(trained.form.decode(normalised))
    heads = look.names(look.labels(columns)) if conditions else ()
    difference = float(np.abs(both[0].astype(float) - both[1]).mean())
    return Answer(
        [Sheet("ema", both[0], columns, heads), Sheet("raw", both[1], columns, heads)],
        values={"difference": difference, "inputs": isinstance(look.game, Translates)},
    )


def outputs(look: Look, arguments: Arguments) -> Answer:
    """Generated and real images with the highest and lowest discriminator outputs."""
    labels = look.labels(JUDGED)
    fake = look.trained.form.decode(
        sample_game(look.game, JUDGED, torch_rng(_seed(arguments), "scores"), labels=labels)
    )
    real = look.reals[0][:JUDGED]
    said = {
        "fake": (fake, _logits(look, fake, labels)),
        "real": (real, _logits(look, real, look.real_labels(JUDGED))),
    }
    sheets = []
    for kind, (images, logits) in said.items():
        order = np.argsort(-logits, kind="stable")
        for name, places in ((f"{kind}-most", order[:ROW]), (f"{kind}-least", order[::-1][:ROW])):
            sheets.append(Sheet(name, images[places], len(places), [f"{value:.2f}" for value in logits[places]]))
    game = look.game
    assert isinstance(game, Discriminates)
    means = {f"{kind}_mean": float(logits.mean()) for kind, (_, logits) in said.items()}
    return Answer(sheets, values={**means, "relative": game.relative_logits, "count": JUDGED})


def nearest(look: Look, arguments: Arguments) -> Answer:
    """Samples with their nearest training images in pixels, and typical distances between training images."""
    reals, _ = look.reals
    labels = look.labels(ROW)
    fake = look.trained.form.decode(
        sample_game(look.game, ROW, torch_rng(_seed(arguments), "nearest"), labels=labels, images=look.images)
    )
    places, distances = nearest_rows(fake, reals, 3)
    among, apart = nearest_rows(reals[:ROW], reals, 2)
    # An image is its own nearest neighbour; the order of equal images does not matter.
    typical = float(np.median(apart[:, 1]))
    assert among.shape == (min(ROW, len(reals)), 2)
    sheet = np.concatenate([fake, *(reals[places[:, rank]] for rank in range(3))])
    heads = [f"{value:.0f}" for value in distances[:, 0]]
    values = {
        "searched": len(reals),
        "all": look.data.size == len(reals),
        "median": float(np.median(distances[:, 0])),
        "typical": typical,
    }
    return Answer([Sheet("nearest", sheet, ROW, heads, ["sample", "first", "second", "third"])], values=values)


def neighbours(look: Look, arguments: Arguments) -> Answer:
    """Image number ``image`` of the frame of ``step`` with its nearest training images, by pixels."""
    reals, _ = look.reals
    image = look.recorded(int(arguments["step"]) if "step" in arguments else None, int(arguments.get("image", 0)))
    compared = reals[..., : image.shape[3]]
    places, distances = nearest_rows(image, compared, 3)
    _, apart = nearest_rows(compared[:ROW], compared, 2)
    sheet = np.concatenate([image, compared[places[0]]])
    heads = ["", *(f"{value:.0f}" for value in distances[0])]
    values = {"searched": len(reals), "typical": float(np.median(apart[:, 1]))}
    return Answer([Sheet("neighbours", sheet, len(sheet), heads)], values=values)


def classes(look: Look, arguments: Arguments) -> Answer:
    """A row per class; each column has the same noise."""
    rows = min(look.classes, 20)
    game = look.game
    assert isinstance(game, Generates)
    latents = game.draw_latents(ROW, torch_rng(_seed(arguments), "classes")).repeat(rows, 1)
    labels = torch.arange(rows).repeat_interleave(ROW)
    return Answer([Sheet("classes", look.generate(latents, labels), ROW, sides=look.names(torch.arange(rows)))])


def interpolation(look: Look, arguments: Arguments) -> Answer:
    """Interpolation between latents along great circles."""
    return Answer([Sheet("interpolation", look.trained.interpolate(rows=4, columns=ROW, seed=_seed(arguments)), ROW)])


def latent(look: Look, arguments: Arguments) -> Answer:
    """A row of samples, shifted along the latent directions in which samples change most."""
    game = look.game
    assert isinstance(game, Generates)
    drawn = game.draw_latents(DIRECTION_SAMPLES, torch_rng(0, "directions"))
    made = look.generate(drawn, look.labels(DIRECTION_SAMPLES))
    directions, _ = principal_directions(drawn.numpy(), made, DIRECTIONS)
    moved = game.draw_latents(ROW, torch_rng(_seed(arguments), "latent"))
    for number, direction in enumerate(directions, 1):
        far = min(FARTHEST, max(-FARTHEST, arguments.get(f"d{number}", 0.0)))
        moved = moved + far * torch.from_numpy(direction).to(moved)
    return Answer(
        [Sheet("latent", look.generate(moved, look.labels(ROW)), ROW)], values={"directions": len(directions)}
    )


def codes(look: Look, arguments: Arguments) -> Answer:
    """For each code, rows in which only this code varies from its first to its last value."""
    game = look.game
    assert isinstance(game, DrawsCodes)
    rows = 3
    images = look.trained.traverse(rows=rows, columns=ROW, seed=_seed(arguments)).reshape(
        len(game.code_names), rows * ROW, *_image_shape(look)
    )
    return Answer([Sheet(f"code {name}", sheet, ROW) for name, sheet in zip(game.code_names, images, strict=True)])


def reconstructions(look: Look, arguments: Arguments) -> Answer:
    """Real images, their reconstructions G(E(x)) if there is an encoder, and the nearest samples that gradient descent
    on the latents finds.
    """
    game, form = look.game, look.trained.form
    assert isinstance(game, Generates)
    seed = _seed(arguments)
    real, labels = (look.held_out or look.data).reference(ROW, seed=derive(seed, "reconstructions"))
    of = None if labels is None or not look.classes else torch.as_tensor(labels)
    targets, rows = form.encode(real), {}
    if isinstance(game, Encodes):
        with torch.no_grad(), evaluating(look.game):
            rows["encoded"] = look.generate(game.encode(targets), of)
    found = invert(game, targets, rng=torch_rng(seed, "invert"), search=QUICK_SEARCH, labels=of)
    rows["found"] = form.decode(found.samples)
    differences = {name: float(np.sqrt(np.square(images.astype(float) - real).mean())) for name, images in rows.items()}
    sheet = Sheet("reconstructions", np.concatenate([real, *rows.values()]), len(real), sides=["real", *rows])
    return Answer([sheet], values={"held_out": look.held_out is not None, **differences})


def translations(look: Look, arguments: Arguments) -> Answer:
    """Held-out images as the generator sees them, what it makes of them, and what they were; without targets, what the
    way back makes of the output.
    """
    images = look.images
    assert images is not None
    columns = translated(look.game, images, 2 * TRIPLES, torch_rng(_seed(arguments), "translations"))
    decoded = {name: images.form.decode(column) for name, column in columns.items()}
    first, second = ("input", "back") if "back" in decoded else ("output", "target")
    difference = np.sqrt(np.square(decoded[first].astype(float) - decoded[second]).mean())
    sheet = Sheet(
        "translations", side_by_side(decoded), TRIPLES // 2 * len(decoded), heads=list(decoded) * (TRIPLES // 2)
    )
    values = {"held_out": look.held_out is not None, "difference": float(difference), "back": "back" in decoded}
    return Answer([sheet], values=values)


def spectrum(look: Look, arguments: Arguments) -> Answer:
    """Radial power spectrum and pixel levels of real and generated images."""
    normalised = sample_game(
        look.game, COMPARED, torch_rng(_seed(arguments), "spectrum"), labels=look.labels(COMPARED), images=look.images
    )
    fake = look.trained.form.decode(normalised)
    both = {"real": look.reals[0][:COMPARED], "fake": fake}
    power = {name: radial_power(images / 255).tolist() for name, images in both.items()}
    shares = {name: level_shares(images, LEVEL_BINS).tolist() for name, images in both.items()}
    levels = [(i + 0.5) * 256 / LEVEL_BINS - 0.5 for i in range(LEVEL_BINS)]
    curves = [
        Curve("spectrum", list(range(1, len(power["real"]) + 1)), power, True),
        Curve("levels", levels, shares, True),
    ]
    return Answer(curves=curves, values={name: len(images) for name, images in both.items()})


QUESTIONS: dict[str, Question] = {
    "averages": Question(lambda look: True, averages),
    "outputs": Question(lambda look: isinstance(look.game, Discriminates), outputs),
    "nearest": Question(lambda look: True, nearest),
    "neighbours": Question(lambda look: True, neighbours),
    "classes": Question(lambda look: look.classes > 0 and isinstance(look.game, Generates), classes),
    "interpolation": Question(lambda look: isinstance(look.game, Generates), interpolation),
    "latent": Question(lambda look: isinstance(look.game, Generates), latent),
    "codes": Question(lambda look: isinstance(look.game, DrawsCodes), codes),
    "reconstructions": Question(
        lambda look: isinstance(look.game, Generates) and look.game.evaluations == 1, reconstructions
    ),
    "translations": Question(lambda look: isinstance(look.game, Translates), translations),
    "spectrum": Question(lambda look: True, spectrum),
}


@torch.no_grad()
def _logits(look: Look, images: np.ndarray, labels: torch.Tensor | None) -> np.ndarray:
    game: Game = look.game
    assert isinstance(game, Discriminates)
    normalised = look.trained.form.encode(images)
    with evaluating(game):
        parts = [
            game.logits(normalised[i : i + CHUNK], None if labels is None else labels[i : i + CHUNK])
            for i in range(0, len(normalised), CHUNK)
        ]
    return torch.cat(parts).float().numpy()


def _seed(arguments: Arguments) -> int:
    return int(arguments.get("seed", 0))


def _image_shape(look: Look) -> tuple[int, ...]:
    channels, height, width = look.trained.form.shape
    return height, width, channels


def listed(look: Look) -> dict[str, Any]:
    """The questions that the game of this run supports."""
    return {"questions": [name for name, question in QUESTIONS.items() if question.suits(look)]}
