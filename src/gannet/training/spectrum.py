"""Power spectra of images, which show artefacts such as checkerboards and noise."""

from __future__ import annotations

import numpy as np

VISIBLE = 2 / 255
"""Standard deviation of white noise that is not seen. Its power is added to both sides of a ratio, so that smooth
images have no arbitrary ratios.
"""


def radial_power(images: np.ndarray, *, corners: bool = False) -> np.ndarray:
    """Mean power at 1, 2, ... cycles per shorter side, up to half of its pixels (azimuthal mean, then mean over
    images).

    Power is |F|^2 / (H W)^2 with F the discrete Fourier transform of the mean over channels, so a wave of amplitude a
    has a^2 / 4 at each of its two places. Artefacts of upsampling appear at the high end (Durall, Keuper and Keuper
    2020, https://arxiv.org/abs/2003.01826).

    Args:
        images: (N, H, W, C), any unit.
        corners: whether the mean power of all higher frequencies is added. They are diagonal waves, among them the
        checkerboard of single pixels.

    Returns:
        (min(H, W) // 2,) float64, and one more with ``corners``.
    """
    grey = np.asarray(images, np.float64).mean(axis=3)
    height, width = grey.shape[1:]
    short = min(height, width)
    power = np.square(np.abs(np.fft.fft2(grey))).mean(axis=0) / (height * width) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)) * short
    ring = np.minimum(np.rint(radius).astype(np.int64), short // 2 + 1)
    return np.array([power[ring == cycles].mean() for cycles in range(1, short // 2 + 1 + corners)])


def excess_power(fake: np.ndarray, real_power: np.ndarray) -> float:
    """The largest log10 of generated over real power among the higher half of the frequencies; 0 if they are alike.

    Args:
        fake: (N, H, W, C) generated images in [0, 1].
        real_power: :func:`radial_power` of real images of the same size, with corners.
    """
    power = radial_power(fake, corners=True)
    invisible = VISIBLE**2 / (fake.shape[1] * fake.shape[2])
    fine = slice(len(power) // 2, None)
    return float(np.log10((power[fine] + invisible) / (real_power[fine] + invisible)).max())
