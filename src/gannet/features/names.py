"""Names and summaries of the feature extractors for ``gannet list extractors``, without importing a network."""

from __future__ import annotations

SUMMARIES = {
    "randconv-v1": "Random convolutions with a fixed seed, 224 features, for any images.",
    "mnist-cnn-v1": "Classifier of MNIST, 64 features, in the package.",
    "fashion-cnn-v1": "Classifier of Fashion-MNIST, 64 features, in the package.",
    "digits-cnn-v1": "Classifier of scikit-learn's digits, 64 features, in the package.",
    "effnet-lite0": "EfficientNet-Lite0 trained on ImageNet, in the extra [effnet].",
    "inception": "Inception of 2015-12-05, for FID, KID and IS; you supply the weights.",
    "dinov2": "DINOv2, ViT-B/14 or ViT-L/14; you supply the weights.",
}
"""Extractor -> summary. A test checks that extractors.py has the same names."""
