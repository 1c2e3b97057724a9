"""What images of digits show, judged by a classifier that no recipe has seen (`digits-cnn-v1`, 99.7 % on digits
held out from it).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from proving import Figures

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.few_labels import rows_with_label
from gannet.features.cnn import responses
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating

ASKED = 1_000
CLASSES = 10


def seen(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 1) -> (N,) digits."""
    return responses("digits-cnn-v1", images)[1].argmax(axis=1)


def asked(run: TrainedRun) -> Figures:
    """Share of samples that show the requested digit; 0.1 where the label says nothing."""
    images, labels = run.sample(ASKED)
    assert labels is not None
    return {"asked": float((seen(images) == labels).mean())}


def captioned(run: TrainedRun) -> Figures:
    """Share of samples that show all that a held-out caption names, and of those that show each part of it."""
    [card], _ = run.measure(["caption_accuracy"])
    return {"caption_accuracy": card.value, **card.parts}


def reconstructed(run: TrainedRun) -> Figures:
    """Share of real digits whose G(E(x)) shows the same digit; 0.1 where E says nothing of x."""
    real, labels = digits()
    with torch.no_grad(), evaluating(run.game):
        made = run.form.decode(run.game.generate(run.game.encode(run.form.encode(real))))
    return {"same digit": float((seen(made) == labels).mean())}


def missing(run: TrainedRun) -> Figures:
    """Reverse KL in nats of the digits that samples show to an even share of each; log 10 where all are one."""
    images, _ = run.sample(ASKED)
    shares = np.bincount(seen(images), minlength=CLASSES) / ASKED
    return {"uneven": float(sum(s * np.log(s * CLASSES) for s in shares if s))}


def information(run: TrainedRun) -> Figures:
    """What samples tell of their codes at least, in nats (Chen et al. 2016, eq. 5): H(c) + E log Q(c | G(z, c))."""
    game, codes = run.game, run.game.codes
    with torch.no_grad(), evaluating(game):
        latents = game.draw_latents(ASKED, torch_rng(0, "information"))
        reading, drawn = game.read(game.discriminator(game.generate(latents))), latents[:, game.prior.size :]
        known = np.log(codes.categories) + codes.continuous * np.log(2)
        return {
            "information": float(known - codes.category_error(reading, drawn) - codes.continuous_error(reading, drawn))
        }


def error_and_supervised(run: TrainedRun) -> Figures:
    """Error over that of a support vector machine with the same few labels; both on the digits whose label was
    hidden.
    """
    from sklearn.svm import SVC

    real, labels = digits()
    rows = np.asarray(rows_with_label(labels, CLASSES, run.form.num_labelled or 0, seed=0))
    hidden = np.setdiff1d(np.arange(len(labels)), rows)
    flat = real.reshape(len(real), -1) / 255
    supervised = SVC().fit(flat[rows], labels[rows]).predict(flat[hidden])
    with torch.no_grad(), evaluating(run.game):
        named = run.game.classify(run.form.encode(real[hidden])).argmax(1).numpy()
    error, other = (float((answer != labels[hidden]).mean()) for answer in (named, supervised))
    return {"error": error, "supervised": other, "error / supervised": error / other}


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797, in the order of the file."""
    images = Digits().read(silent)
    return images.pixels, images.classes.labels
