"""Extractors with user-supplied weights: which files are accepted, and how they are checked, stored and used.

Nothing is downloaded, and missing weights are never replaced by others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gannet.errors import UserError, did_you_mean
from gannet.features import dinov2, inception_v3
from gannet.features.inference import best_device, respond
from gannet.files import written_whole

READ_BYTES = 1 << 24
SELF_TEST_IMAGES = 2


@dataclass(frozen=True)
class UserSupplied:
    """An extractor whose weights the user supplies."""

    what: str
    """One line of description."""
    source: str
    """Address of the public file."""
    files: Mapping[str, str]
    """First digits of the sha256 of each accepted file -> the variant of the network in it."""
    build: Callable[[str], nn.Module]
    """Build the network of a variant, which returns features, or features and logits."""
    prepared: Callable[[np.ndarray], Tensor]
    """uint8 (N, H, W, C) -> input of the network."""
    layer: str
    preprocessing: str


USER_SUPPLIED: dict[str, UserSupplied] = {
    "inception": UserSupplied(
        what="Inception of 2015-12-05, the network of FID, KID and IS",
        source="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        files={"6726825d": "2015-12-05"},
        build=lambda variant: inception_v3.InceptionV3(),
        prepared=inception_v3.prepared,
        layer="pool3, 2048; logits without bias",
        preprocessing="grey repeated to 3 channels, bilinear as in TensorFlow 1 to 299 x 299, (x - 128) / 128",
    ),
    "dinov2": UserSupplied(
        what="DINOv2 transformer, ViT-B/14 or ViT-L/14, trained without labels on photographs",
        source="https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth (or vitb14 in both "
        "places)",
        files={
            "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73": "ViT-B/14",
            "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428": "ViT-L/14",
        },
        build=lambda variant: dinov2.DinoV2(dinov2.SIZES[variant]),
        prepared=dinov2.prepared,
        layer="class token behind the last normalisation",
        preprocessing="grey repeated to 3 channels, antialiased bicubic to 224 x 224, mean and deviation of ImageNet",
    ),
}


@dataclass(frozen=True)
class Stored:
    """Weights that were added."""

    sha256: str
    """sha256 of the file that the user supplied."""
    variant: str


def weights_folder() -> Path:
    """$GANNET_WEIGHTS, else $XDG_DATA_HOME/gannet/weights, else ~/.local/share/gannet/weights."""
    if os.environ.get("GANNET_WEIGHTS"):
        return Path(os.environ["GANNET_WEIGHTS"])
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "gannet" / "weights"


def stored_at(name: str) -> Path:
    """The file of an extractor's weights."""
    return weights_folder() / f"{name}.safetensors"


def add(name: str, file: Path) -> Stored:
    """Check and test the weights in ``file``, and store them as safetensors.

    Raises:
        UserError: the extractor is unknown, the file is not accepted, or the weights fail the self-test. Nothing is
        stored then.
    """
    from safetensors.torch import save

    if name not in USER_SUPPLIED:
        raise UserError(f"{name!r} is not an extractor with user-supplied weights.{did_you_mean(name, USER_SUPPLIED)}")
    supplied = USER_SUPPLIED[name]
    stored = _recognised(name, supplied, file)
    network = _network(name, supplied, stored.variant, _read(file), str(file))
    self_test(name, supplied, network)
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    about = {"sha256": stored.sha256, "variant": stored.variant, "blake2b": _digest(tensors)}
    path = stored_at(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"Cannot create {path.parent}: {error.strerror or error}. Set GANNET_WEIGHTS to a writable folder."
        ) from None
    with written_whole(path, sync=True) as out:
        out.write(save(tensors, about))
    load.cache_clear()
    return stored


def find(name: str) -> Stored | None:
    """The stored weights of an extractor, from the header of their file; None if there are none.

    Raises:
        UserError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = stored_at(name)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            return Stored(about["sha256"], about["variant"])
    except (OSError, SafetensorError, KeyError):
        raise UserError(_damaged(name, path)) from None


def needed(name: str) -> Stored:
    """The stored weights of an extractor.

    Raises:
        UserError: there are none; the message explains how to add them and what to use without them.
    """
    stored = find(name)
    if stored is None:
        raise UserError(
            f"The weights of {name} are missing: download {USER_SUPPLIED[name].source} and run `gannet weights add "
            f"{name} FILE`."
        )
    return stored


@cache
def load(name: str) -> nn.Module:
    """The network with the stored weights in evaluation mode, on a GPU if available.

    Raises:
        UserError: the weights are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    stored, path = needed(name), stored_at(name)
    try:
        tensors = load_file(path)
        whole = _digest(tensors) == _metadata(path)["blake2b"]
    except (OSError, SafetensorError, KeyError):
        tensors, whole = {}, False
    if not whole:
        raise UserError(_damaged(name, path))
    network = _network(name, USER_SUPPLIED[name], stored.variant, tensors, str(path))
    return network.to(best_device())


def responses(name: str, images: np.ndarray) -> tuple[np.ndarray, ...]:
    """uint8 (N, H, W, C) -> features (N, D) and, for a classifier, logits (N, classes), float32.

    Raises:
        UserError: the images do not have 1 or 3 channels, or the weights are missing or damaged.
    """
    return respond(name, load(name), USER_SUPPLIED[name].prepared, images)


def self_test(name: str, supplied: UserSupplied, network: nn.Module) -> None:
    """Check the weights on fixed images: features are finite, distinct, repeatable and independent of the batch.

    Raises:
        UserError: one of these checks fails.
    """
    images = np.random.default_rng(0).integers(0, 256, (SELF_TEST_IMAGES, 40, 56, 3), dtype=np.uint8)
    first, again, alone = (respond(name, network, supplied.prepared, part)[0] for part in (images, images, images[:1]))
    problem = ""
    if first.ndim != 2 or len(first) != len(images) or not np.isfinite(first).all():
        problem = f"features of shape {first.shape}, finite: {bool(np.isfinite(first).all())}"
    elif not (first == again).all():
        problem = "the same images give other features the second time"
    elif not np.allclose(alone[0], first[0], rtol=1e-3, atol=1e-4 * float(np.abs(first).max())):
        problem = "the features of an image depend on the rest of its batch"
    elif np.ptp(first, axis=0).max() == 0:
        problem = "different images give the same features"
    if problem:
        raise UserError(f"The weights of {name} fail the self-test ({problem}); nothing was written.")


def _recognised(name: str, supplied: UserSupplied, file: Path) -> Stored:
    if not file.is_file():
        raise UserError(f"No file at {file}: download {supplied.source} and give its path.")
    hasher = sha256()
    try:
        with file.open("rb") as stream:
            while part := stream.read(READ_BYTES):
                hasher.update(part)
    except OSError as error:
        raise UserError(f"Cannot read {file}: {error.strerror or error}.") from None
    found = hasher.hexdigest()
    variant = next((variant for digits, variant in supplied.files.items() if found.startswith(digits)), None)
    if variant is None:
        expected = " or ".join(digits[:8] for digits in supplied.files)
        raise UserError(
            f"{file} is not an accepted file of {name}: its sha256 starts with {found[:8]}, not with {expected}, so it "
            f"is truncated or another file; nothing was written. Download {supplied.source}."
        )
    return Stored(found, variant)


def _read(file: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(
            f"{file} cannot be read as PyTorch weights ({type(error).__name__}); nothing was written."
        ) from None
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{file} contains more than named tensors; nothing was written.")
    return dict(content)


def _network(name: str, supplied: UserSupplied, variant: str, tensors: dict[str, Tensor], where: str) -> nn.Module:
    # Meta tensors, because initialising real ones would draw from torch's global generator.
    with torch.device("meta"):
        network = supplied.build(variant)
    expected = network.state_dict()
    # Counters of batch normalisation, which old files lack and the features do not use.
    counters = {key: torch.tensor(0) for key in expected if key.endswith("num_batches_tracked")}
    tensors = {**counters, **tensors}
    wrong = [
        key
        for key in {*expected, *tensors}
        if key not in expected or key not in tensors or expected[key].shape != tensors[key].shape
    ]
    if wrong:
        raise UserError(
            f"{where} does not hold the weights of {name} {variant}: {len(wrong)} entries differ, such as "
            f"{min(wrong)!r}."
        )
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}


def _digest(tensors: Mapping[str, Tensor]) -> str:
    hasher = blake2b(digest_size=16)
    for key in sorted(tensors):
        hasher.update(f"{key}{tensors[key].dtype}{tuple(tensors[key].shape)}".encode())
        hasher.update(tensors[key].contiguous().numpy().tobytes())
    return hasher.hexdigest()


def _damaged(name: str, path: Path) -> str:
    return f"The weights of {name} at {path} are damaged: run `gannet weights add {name} FILE` again."
