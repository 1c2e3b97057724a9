"""Weights that the user brings: what is accepted, refused, kept and used. No public weights are needed here."""

from __future__ import annotations

import dataclasses
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gannet.cli import run
from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.evaluation.choice import choose, default_names
from gannet.evaluation.evaluate import evaluate
from gannet.features import extractors, user_weights
from gannet.features.inception_v3 import InceptionV3
from gannet.features.user_weights import USER_SUPPLIED, add, find, load, stored_at
from gannet.metrics.names import guarded
from gannet.runs.comparable import require_comparable
from gannet.testing.metric_data import draw
from gannet.testing.metrics import global_random_state


class Tiny(nn.Module):
    """Features instead of a large network's."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 8, 5, stride=9), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 6)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.bn(self.conv(pixels)).relu().mean(dim=(2, 3))
        return features, self.fc(features)


def small(images: np.ndarray) -> Tensor:
    """Not resized, for speed."""
    return torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1) / 128 - 1


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANNET_WEIGHTS", str(tmp_path / "weights"))
    load.cache_clear()
    extractors._cached.clear()
    return tmp_path


def saved(path: Path, network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of the network in a file, which from now on is the accepted one of inception."""
    torch.save(network.state_dict(), path)
    known = dataclasses.replace(
        USER_SUPPLIED["inception"], files={sha256(path.read_bytes()).hexdigest()[:8]: "made up"}
    )
    if isinstance(network, Tiny):
        known = dataclasses.replace(known, build=lambda variant: Tiny(), prepared=small)
    monkeypatch.setitem(USER_SUPPLIED, "inception", known)
    return path


@pytest.fixture
def file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return saved(folder / "tiny.pth", Tiny(), monkeypatch)


def test_add_list_measure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits = sha256(file.read_bytes()).hexdigest()
    assert run(["weights", "list"]) == 0
    assert "missing" in capsys.readouterr().out
    before = global_random_state()
    assert run(["weights", "add", "inception", str(file)]) == 0
    assert global_random_state() == before
    assert digits[:8] in capsys.readouterr().out
    assert run(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert f"present: made up, sha256 {digits[:8]}" in shown
    assert "https://" in shown
    assert [path.name for path in stored_at("inception").parent.iterdir()] == ["inception.safetensors"]
    sets = [draw("images", seed) for seed in range(3)]
    cards, left_out = evaluate(
        sets[0],
        sets[1],
        sets[2],
        kind="images",
        truth=Truth(),
        names=["fd[inception]", "kid[inception]", "is[inception]"],
        seed=0,
        protocol={},
    )
    assert left_out == []
    assert global_random_state() == before
    # 200 samples are too few for the plain name.
    assert [card.label for card in cards] == ["FID@200", "KID", "IS"]
    assert {card.spec["weights_sha256"] for card in cards} == {digits}
    assert cards[2].spec["splits"] == 10


def test_features_are_those_of_the_network(file: Path) -> None:
    add("inception", file)
    network = Tiny().eval()
    network.load_state_dict(torch.load(file, weights_only=True))
    images = draw("images", 0)[:7]
    with torch.no_grad():
        expected = network(USER_SUPPLIED["inception"].prepared(images))[0]
    np.testing.assert_allclose(extractors.features("inception", images), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_the_whole_inception_network_is_added_and_found_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = InceptionV3()
    file = saved(folder / "random.pth", network, monkeypatch)
    assert add("inception", file).variant == "made up"
    loaded = load("inception").state_dict()
    assert loaded.keys() == network.state_dict().keys()
    assert all((loaded[key].cpu() == value).all() for key, value in network.state_dict().items())


def test_counters_may_be_missing_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(Tiny):
        def state_dict(self, *args, **kwargs):  # type: ignore[no-untyped-def, override]
            return {key: value for key, value in super().state_dict().items() if dropped not in key}

    dropped = "num_batches_tracked"
    add("inception", saved(folder / "old.pth", Old(), monkeypatch))
    dropped = "running_var"
    with pytest.raises(UserError, match=r"1 entries differ, such as 'bn.running_var'"):
        add("inception", saved(folder / "older.pth", Old(), monkeypatch))


def test_another_file_is_refused_by_its_hash(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert run(["weights", "add", "inception", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sha256 starts with" in said
    assert "truncated" in said
    assert find("inception") is None
    assert not stored_at("inception").parent.exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("inceptoin", b"", "Did you mean 'inception'"),
        ("inception", None, "No file at"),
        ("inception", b"not weights", "cannot be read as PyTorch weights"),
        ("inception", {"epoch": 3}, "more than named tensors"),
        ("inception", {"fc.weight": torch.zeros(2, 2)}, "does not hold the weights"),
    ],
)
def test_refusals(
    name: str,
    content: object,
    sentence: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = folder / "given.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    digits = sha256(file.read_bytes()).hexdigest() if file.exists() else "0"
    monkeypatch.setitem(
        USER_SUPPLIED, "inception", dataclasses.replace(USER_SUPPLIED["inception"], files={digits: "made up"})
    )
    assert run(["weights", "add", name, str(file)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not stored_at("inception").parent.exists()


def test_code_in_the_file_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Trap:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return (Path.touch, (folder / "sprung",))

    torch.save({"fc.weight": Trap()}, folder / "trap.pth")
    digits = sha256((folder / "trap.pth").read_bytes()).hexdigest()
    monkeypatch.setitem(
        USER_SUPPLIED, "inception", dataclasses.replace(USER_SUPPLIED["inception"], files={digits: "made up"})
    )
    with pytest.raises(UserError, match="cannot be read"):
        add("inception", folder / "trap.pth")
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize(
    ("spoil", "why"), [(float("nan"), "finite: False"), (0.0, "different images give the same features")]
)
def test_weights_that_fail_the_self_test(spoil: float, why: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Tiny()
    network.conv.weight.data.fill_(spoil)
    with pytest.raises(UserError, match=f"self-test.*{why}"):
        add("inception", saved(folder / "bad.pth", network, monkeypatch))
    assert not stored_at("inception").parent.exists()


def test_missing_weights_say_how_to_add_them() -> None:
    name, metric = choose("fd[inception]")
    assert (name, metric.label()) == ("fd[inception]", "FID")
    sets = [draw("images", seed) for seed in range(3)]
    cards, left_out = evaluate(*sets, kind="images", truth=Truth(), names=["fd[inception]"], seed=0, protocol={})
    assert cards == []
    assert "gannet weights add inception FILE" in left_out[0]
    assert "gannet weights add inception" in left_out[0]
    assert "FD[" not in left_out[0], "no other quantity is suggested"


def test_kept_weights_that_were_damaged(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add("inception", file)
    path = stored_at("inception")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load("inception")
    path.write_bytes(content[:50])
    assert run(["weights", "list"]) == 0
    assert "damaged: add it again" in capsys.readouterr().out
    add("inception", file)
    load("inception")


def test_where_weights_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANNET_WEIGHTS", "/a")
    assert user_weights.weights_folder() == Path("/a")
    monkeypatch.delenv("GANNET_WEIGHTS")
    monkeypatch.setenv("XDG_DATA_HOME", "/b")
    assert user_weights.weights_folder() == Path("/b/gannet/weights")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert user_weights.weights_folder() == Path.home() / ".local/share/gannet/weights"


def test_published_names_are_guarded() -> None:
    assert choose("fd[dinov2]")[1].label() == "FD[dinov2]"
    assert choose("is[effnet-lite0]")[1].label() == "is[effnet-lite0]"
    assert [guarded("FID", count) for count in (10_000, 9_999)] == ["FID", "FID@9999"]
    assert guarded("FD[dinov2]", 50) == "FD[dinov2]"
    assert USER_SUPPLIED["inception"].files.keys() == {"6726825d"}


def test_published_metrics_are_usual_where_the_weights_are(file: Path) -> None:
    """FID, KID and IS join the default metrics of images; without weights, or where they are damaged, nothing
    breaks.
    """
    usual = default_names("images")
    assert default_names("images", published=True) == usual
    add("inception", file)
    assert default_names("images", published=True) == [*usual, "fd[inception]", "kid[inception]", "is[inception]"]
    assert default_names("images") == usual
    assert not any("inception" in name for name in default_names("points", published=True))
    sets = [draw("images", seed) for seed in range(3)]
    cards, left_out = evaluate(*sets, kind="images", truth=Truth(), names=None, seed=0, protocol={}, published=True)
    assert [(card.metric, card.label) for card in cards[-3:]] == [
        ("fd[inception]", "FID@200"),
        ("kid[inception]", "KID"),
        ("is[inception]", "IS"),
    ]
    assert [card.spec["metric"] for card in cards[-3:]] == ["fd", "kid", "is"]
    assert left_out == []
    require_comparable([*cards, *cards])
    stored_at("inception").write_bytes(b"cut off")
    extractors._cached.clear()
    others, left_out = evaluate(*sets, kind="images", truth=Truth(), names=None, seed=0, protocol={}, published=True)
    assert [card.metric for card in others] == usual
    assert [sentence.split(" left out")[0] for sentence in left_out] == [
        "fd[inception]",
        "kid[inception]",
        "is[inception]",
    ]
    assert all("damaged" in sentence for sentence in left_out)
