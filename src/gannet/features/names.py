"""Names of the feature extractors with a summary of each, without importing a network: for ``gannet list extractors``."""

from __future__ import annotations

SUMMARIES = {
    "randconv-v1": "Random convolutions from a seed, 224 features: any images.",
    "mnist-cnn-v1": "Classifier of MNIST's digits, 64 features, in the package.",
    "fashion-cnn-v1": "Classifier of Fashion-MNIST, 64 features, in the package.",
    "digits-cnn-v1": "Classifier of scikit-learn's digits, 64 features, in the package.",
    "effnet-lite0": "EfficientNet-Lite0 of ImageNet, from the extra [effnet].",
    "inception": "Inception of 2015-12-05, which FID, KID and IS are defined by.",
    "dinov2": "DINOv2, ViT-B/14 or ViT-L/14; you supply the weights.",
}
"""Extractor -> one line about it. The networks themselves are in extractors.py; a test keeps the two equal."""
