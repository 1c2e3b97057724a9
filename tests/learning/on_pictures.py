"""Recipes of pictures, on the 1,797 built-in digits of 8 x 8 pixels."""

from __future__ import annotations

from typing import Any

import digits
import torch
import translation
from proving import Figures, Proof, cards, together

from gannet.sessions.trained_run import TrainedRun

DISTANCE = cards("sliced_w", samples=800)
SAMPLES = together(DISTANCE, digits.missing)
SMALL = {"data.size": 8, "batch_size": 32}
"""The pictures as they are, in batches that a processor takes quickly."""


def rates(generator: float, discriminator: float) -> dict[str, Any]:
    return {"optimizer.generator.lr": generator, "optimizer.discriminator.lr": discriminator}


def largest_weight(run: TrainedRun) -> Figures:
    """Of the critic: what clipping bounds."""
    return {"largest weight": max(float(weight.detach().abs().max()) for weight in run.game.discriminator.parameters())}


def rebuilt(run: TrainedRun) -> Figures:
    """Mean absolute error of what D's decoder rebuilds of real images, relative to that of their mean image."""
    images = run.form.encode(run.open_data().reference(500, seed=0)[0])
    discriminator, decoder = run.game.discriminator.discriminator, run.game.decoder
    with torch.no_grad():
        output = discriminator.eval()(images)
        errors = (decoder.eval()(output.features) - output.seen).abs().mean()
    return {"rebuilding error": float(errors / (output.seen - output.seen.mean(0)).abs().mean())}


def on_digits(recipe: str, figures: Any, keys: dict[str, Any], **bounds: Any) -> Proof:
    return Proof(recipe, "digits", figures, keys=SMALL | keys, **bounds)


ENCODING = {"batch_size": 64, "hidden": 256, "prior.size": 8, "steps": 800} | rates(1e-3, 1e-3)

TRANSLATING = {"width": 8, "batch_size": 32, "steps": 400}
"""A small U-Net."""

PAIRS = {"degradation": "blur", "degradation.sigma": 1.0, "l1": 0} | rates(5e-4, 2e-3)
"""Only the discriminator ties the output to the input, and it is ahead."""

PROOFS = [
    on_digits("dcgan", SAMPLES, {"steps": 300}, most={"sliced_w / reference": 10}),
    on_digits(
        "dcgan-relativistic",
        together(SAMPLES, digits.asked),
        {"steps": 600, "batch_size": 64},
        least={"asked": 0.8},
        most={"sliced_w / reference": 10},
    ),
    on_digits(
        "dcgan-strided",
        SAMPLES,
        {"steps": 1000, "batch_size": 64} | rates(5e-4, 5e-4),
        most={"sliced_w / reference": 6},
    ),
    on_digits(
        "pacdcgan2", SAMPLES, {"steps": 1000, "batch_size": 64} | rates(5e-4, 5e-4), most={"sliced_w / reference": 6}
    ),
    on_digits("diffaugment", SAMPLES, {"steps": 450}, most={"sliced_w / reference": 10}),
    on_digits("ada", SAMPLES, {"steps": 300, "conditional": False}, most={"sliced_w / reference": 10}),
    on_digits(
        "few-images",
        together(SAMPLES, rebuilt),
        {"steps": 150, "data.size": 16, "width": 8} | rates(2e-3, 2e-3),
        most={"sliced_w / reference": 10, "rebuilding error": 0.3},
    ),
    on_digits(
        "mlp-gan",
        SAMPLES,
        {"steps": 2500, "data.size": 16, "batch_size": 128},
        most={"sliced_w / reference": 8, "uneven": 0.8},
    ),
    on_digits(
        "wgan",
        together(SAMPLES, largest_weight),
        {"steps": 150} | rates(5e-4, 5e-4),
        most={"sliced_w / reference": 6, "largest weight": 0.01},
    ),
    on_digits("began", SAMPLES, {"steps": 500}, most={"sliced_w / reference": 10}),
    on_digits("cgan", together(SAMPLES, digits.asked), {"steps": 500, "batch_size": 128}, least={"asked": 0.8}),
    on_digits(
        "acgan",
        together(SAMPLES, digits.asked),
        {"steps": 500, "batch_size": 64} | rates(1e-3, 1e-3),
        least={"asked": 0.8},
    ),
    on_digits(
        "projection",
        together(SAMPLES, digits.asked),
        {"steps": 600, "batch_size": 64} | rates(1e-3, 2e-3),
        least={"asked": 0.8},
    ),
    on_digits(
        "biggan-small",
        together(SAMPLES, digits.asked),
        {"steps": 500, "batch_size": 64, "width": 16} | rates(1e-3, 2e-3),
        least={"asked": 0.8},
    ),
    on_digits("style-small", SAMPLES, {"steps": 500}, most={"sliced_w / reference": 10, "uneven": 0.8}),
    on_digits("sngan-resnet", SAMPLES, {"steps": 600, "width": 16}, most={"sliced_w / reference": 6}),
    on_digits(
        "infogan",
        together(SAMPLES, cards("purity"), digits.information),
        {"steps": 1000, "batch_size": 64} | rates(2e-3, 1e-3),
        least={"purity": 0.4, "information": 1},
    ),
    on_digits("bigan", together(SAMPLES, digits.reconstructed), ENCODING, least={"same digit": 0.2}),
    on_digits("ali", together(SAMPLES, digits.reconstructed), ENCODING, least={"same digit": 0.2}),
    Proof(
        "text-to-image",
        "captioned-digits",
        digits.captioned,
        keys={"steps": 1000},
        least={"caption_accuracy": 0.15, "ink": 0.9, "ground": 0.9, "place": 0.9},
        needed=3,
    ),
    Proof(
        "text-to-image", "captioned-digits", digits.captioned, least={"caption_accuracy": 0.9}, needed=3, about="full"
    ),
    on_digits(
        "flow-matching",
        cards("sliced_w", "fd", samples=800),
        {"steps": 200, "evaluations": 10},
        most={"sliced_w / reference": 5, "fd": 25},
        needed=3,
    ),
    on_digits("vae", together(SAMPLES, digits.reconstructed), {"steps": 300, "noise": 0.3}, least={"same digit": 0.8}),
    on_digits("pix2pix", translation.gain, TRANSLATING | {"degradation": "mask"}, least={"PSNR gain": 2}),
    on_digits("pix2pix", translation.gain, TRANSLATING | {"degradation": "blur"}, least={"PSNR gain": 2}, about="blur"),
    on_digits("pix2pix", translation.matched, TRANSLATING | PAIRS, least={"matched": 0.9}, about="pairs"),
    on_digits(
        "super-resolution",
        translation.gain,
        {"factor": 2, "width": 16, "batch_size": 32, "steps": 300, "l1": 0},
        least={"PSNR gain": 1},
    ),
    Proof(
        "pix2pix",
        "pairs-of-digits",
        translation.gain,
        keys=TRANSLATING | {"degradation": "paired", "data.inputs": "right", "steps": 300},
        prepare=translation.write_pairs,
        least={"PSNR gain": 12},
    ),
    on_digits(
        "cyclegan",
        translation.crossed,
        {"data.classes": "3,8", "width": 8, "steps": 400},
        least={"crossed": 0.6},
        most={"error of the way back": 25},
    ),
    on_digits(
        "semi-supervised",
        digits.error_and_supervised,
        {"steps": 300, "batch_size": 100, "data.labels": 50},
        most={"error / supervised": 0.75},
    ),
]
