"""Recipes whose arithmetic fails in bf16 on some shapes train those in fp32."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import gannet


@pytest.mark.parametrize("recipe", ["wgan", "wgan-gp"])
def test_one_pixel_under_a_wide_convolution_is_trained_in_fp32(recipe, tmp_path):
    """With seed 0 and bf16, torch 2.13 gave wgan a gradient that is not finite in its first step."""
    run = gannet.train(
        "digits", recipe=recipe, out=tmp_path / "run", keys={"data.size": 8, "steps": 2, "batch_size": 8}
    )
    assert run.step == 2
    assert run.run.record.environment["precision"].startswith("fp32")


def test_a_processor_restricted_to_avx2_trains_images_in_fp32():
    """Torch emulates bf16 there, whatever the processor has."""
    code = (
        "from gannet.training.precision import decide; "
        "print(decide(device='cpu', precision='auto', is_images=True, allow_bf16=True).dtype)"
    )
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "avx2"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "fp32"
