"""Train a feature extractor of gannet.features and store its weights.

    python scripts/train_extractor.py mnist-cnn-v1 --data FOLDER_WITH_IDX_FILES
    python scripts/train_extractor.py digits-cnn-v1
    python scripts/train_extractor.py mnist-cnn-v1 --data FOLDER_WITH_IDX_FILES --check

It uses one thread and a fixed seed, so the weights are the same on the same machine with the same torch, and similar
elsewhere. The file is written to src/gannet/features/weights. Its hash and accuracy are printed and belong in
gannet/features/cnn.py. With --check nothing is trained: the stored weights are tested on the test split, and their
accuracy must equal the stated one.
"""

from __future__ import annotations

import argparse
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from gannet.data.digits import Digits
from gannet.data.idx import idx_file, read_idx
from gannet.features.cnn import FEATURES, LAYERS, POOLED_LAYERS, TRAINED, forward, load, prepared

FOLDER = Path(__file__).parent.parent / "src" / "gannet" / "features" / "weights"
BATCH_SIZE = 128
EPOCHS = {"mnist-cnn-v1": 5, "fashion-cnn-v1": 6, "digits-cnn-v1": 60}
SHIFT = {"mnist-cnn-v1": 2, "fashion-cnn-v1": 1, "digits-cnn-v1": 1}
"""Maximum shift of training images in pixels."""
PEAK_RATE = 6e-3
Split = tuple[np.ndarray, np.ndarray]


def network(num_classes: int) -> nn.Sequential:
    """The classifier with batch normalisation, which is folded into the convolutions afterwards."""
    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(LAYERS):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        if index < POOLED_LAYERS:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(FEATURES, num_classes))


def folded(net: nn.Sequential) -> dict[str, Tensor]:
    """Convolutions with bias that equal convolution and batch normalisation in evaluation mode."""
    convolutions = [m for m in net if isinstance(m, nn.Conv2d)]
    norms = [m for m in net if isinstance(m, nn.BatchNorm2d)]
    weights = {"classes.weight": net[-1].weight, "classes.bias": net[-1].bias}
    for index, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True)):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        weights[f"conv{index}.weight"] = convolution.weight * scale[:, None, None, None]
        weights[f"conv{index}.bias"] = norm.bias - norm.running_mean * scale
    return {name: value.detach().contiguous() for name, value in sorted(weights.items())}


def moved(pixels: Tensor, most: int, rng: torch.Generator) -> Tensor:
    """The whole batch shifted by up to ``most`` pixels; the border is black."""
    side = pixels.shape[-1]
    down, right = torch.randint(0, 2 * most + 1, (2,), generator=rng).tolist()
    return pad(pixels, (most,) * 4, value=-1.0)[:, :, down : down + side, right : right + side]


def train(name: str, images: np.ndarray, labels: np.ndarray) -> dict[str, Tensor]:
    """The folded weights after a training with AdamW and a one-cycle schedule."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(1)
    net = network(len(TRAINED[name].class_names))
    pixels, targets = prepared(images, TRAINED[name].side), torch.from_numpy(labels)
    steps = EPOCHS[name] * (len(pixels) // BATCH_SIZE)
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps)
    started, step = time.monotonic(), 0
    for epoch in range(EPOCHS[name]):
        order = torch.randperm(len(pixels), generator=rng)
        for rows in order[: len(order) // BATCH_SIZE * BATCH_SIZE].split(BATCH_SIZE):
            loss = cross_entropy(net(moved(pixels[rows], SHIFT[name], rng)), targets[rows], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            if step in (20, 100):
                print(f"step {step} of {steps}: {time.monotonic() - started:.0f} s", flush=True)
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {time.monotonic() - started:.0f} s", flush=True)
    return folded(net.eval())


def accuracy(weights: dict[str, Tensor], name: str, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images that are classified correctly."""
    with torch.inference_mode():
        found = [
            forward(prepared(images[i : i + 500], TRAINED[name].side), weights)[1].argmax(1)
            for i in range(0, len(images), 500)
        ]
    return float((torch.cat(found).numpy() == labels).mean())


def splits(name: str, folder: str | None) -> tuple[Split, Split]:
    """(train, test) images and labels; a fifth of the digits, which have no test split, is held out."""
    if name == "digits-cnn-v1":
        pixels, labels = _arrays(Digits().read(lambda *_: None))
        order = np.random.default_rng(0).permutation(len(pixels))
        test, rest = order[: len(order) // 5], order[len(order) // 5 :]
        return (pixels[rest], labels[rest]), (pixels[test], labels[test])
    if folder is None or idx_file(Path(folder), "train", "images") is None:
        raise SystemExit(f"{name}: give the folder of its IDX files with --data.")
    return _arrays(read_idx(Path(folder), "train")), _arrays(read_idx(Path(folder), "test"))


def _arrays(images) -> Split:
    return images.pixels, images.classes.labels


def main() -> None:
    """Train, test, store."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=sorted(TRAINED))
    parser.add_argument("--data", help="folder with the IDX files of MNIST or Fashion-MNIST")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="test the stored weights instead of training")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    training, test = splits(options.name, options.data)
    if options.check:
        found, stated = round(accuracy(load(options.name), options.name, *test), 4), TRAINED[options.name].test_accuracy
        print(f"{options.name}: {found:.4f} on {len(test[0])} test images, stated {stated:.4f}")
        raise SystemExit(found != stated)
    weights = train(options.name, *training)
    content = save(weights)
    (options.out / f"{options.name}.safetensors").write_bytes(content)
    print(f"{options.name}: {len(content):,} bytes, sha256 {sha256(content).hexdigest()}")
    print(f"accuracy {accuracy(weights, options.name, *test):.4f} on {len(test[0])} test images")


if __name__ == "__main__":
    main()
