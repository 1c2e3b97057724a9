"""What a run of text-to-image keeps, draws and shows: a tiny real training, and the command line on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.real_runs import train

from gannet import cli
from gannet.config.build import new_experiment, open_data
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import silent
from gannet.errors import UserError
from gannet.figures.grid import image_grid
from gannet.figures.theme import wrapped
from gannet.games.text_to_image import TextToImage, wrong_captions
from gannet.losses.hinge import Hinge
from gannet.networks.captioned import CaptionedDiscriminator, CaptionedGenerator
from gannet.networks.text import GRUEncoder, MeanEncoder
from gannet.priors.gaussian import Gaussian
from gannet.reports.pictures import frame_captions
from gannet.runs.reader import Run
from gannet.sessions.pictures import picture_of
from gannet.sessions.trained_run import TrainedRun
from gannet.types import Batch

CAPTION = "a red seven on green, top left"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("captioned") / "run"
    train(
        made,
        "captioned-digits",
        "text-to-image",
        steps=4,
        batch_size=8,
        width=8,
        **{"health.every": 2, "frames.every": 2},
    )
    return made


def test_the_recipe_is_the_default_for_data_with_captions_and_needs_them() -> None:
    assert plan("captioned-digits", recipe=None, given={}, flags=DEFAULT_FLAGS).recipe_name == "text-to-image"
    assert plan("digits", recipe=None, given={}, flags=DEFAULT_FLAGS).recipe_name == "dcgan-relativistic"
    on_digits = plan("digits", recipe="text-to-image", given={}, flags=DEFAULT_FLAGS)
    with pytest.raises(UserError, match="needs images with captions, and these data have none"):
        new_experiment(on_digits, open_data(on_digits, silent).form)


def test_the_record_keeps_the_vocabulary_and_the_captions_of_frames(path: Path) -> None:
    form = json.loads((path / "run.json").read_text(encoding="utf-8"))["data"]["form"]
    assert "seven" in form["vocabulary"]
    assert len(form["captions"]) == 8
    assert frame_captions(Run(path)) == form["captions"]
    assert any(event.kind == "vitals" and "separation" in event.values for event in Run(path).events())


def test_a_caption_is_what_is_drawn_and_stored(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["sample", str(path), "--caption", CAPTION, "-n", "6", "-o", "six.npz"]) == 0
    assert cli.run(["sample", str(path), "-n", "16", "-o", "all.png"]) == 0
    with np.load("six.npz") as stored:
        assert stored["captions"].tolist() == [CAPTION] * 6
        assert stored["samples"].shape == (6, 16, 16, 3)
        other = TrainedRun(path).sample(6, caption="a white one on black, centre")[0]
        assert not np.array_equal(stored["samples"], other), "the caption changes nothing"
    with Image.open("all.png") as grid:
        assert grid.height > 2 * grid.width / 8 + 12, "there are captions below the two rows"


def test_wrong_captions_of_a_person_are_one_sentence(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.png"
    assert cli.run(["sample", str(path), "--caption", "a purple sevem", "-o", str(out)]) == 2
    said = capsys.readouterr().err
    assert "'sevem' (seven, " in said
    assert "Traceback" not in said
    assert cli.run(["sample", str(path), "--caption", CAPTION, "--label", "seven", "-o", str(out)]) == 2
    assert not out.exists()


def test_interpolation_and_metrics_know_captions(path: Path) -> None:
    run = TrainedRun(path)
    assert run.interpolate(rows=2, columns=3).shape == (6, 16, 16, 3)
    [card], _ = run.measure(["caption_accuracy"], samples=20)
    assert set(card.parts) == {"ink", "digit", "ground", "place"}
    assert card.reference is not None
    assert card.reference > 0.97, "real images show what their captions name"
    assert card.value < 0.5, "four steps teach nothing"


def test_each_row_of_an_interpolation_has_its_caption(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "paths.png"
    assert cli.run(["sample", str(path), "--interpolate", "-o", str(out)]) == 0
    with Image.open(out) as drawn:
        pixels = np.asarray(drawn.convert("L")).astype(int)
    side = pixels.shape[1] - 100, pixels.shape[0] // 8
    assert side[0] > side[1] * 8, "eight rows of ten, next to the captions"
    texts = [pixels[row * side[1] : (row + 1) * side[1], :120] for row in range(8)]
    assert all((text < 120).sum() > 50 for text in texts), "every row has letters at its left"
    assert len({text.tobytes() for text in texts}) == 8
    run = TrainedRun(path)
    rows = run.interpolate(rows=2, columns=3)
    for order, same in ((run.form.captions[:2], True), (run.form.captions[1::-1], False)):
        labels = ["\n".join(wrapped(text, 130, 12)) for text in order]
        drawn_by_hand = image_grid(rows, 3, row_labels=labels)
        drawn_by_run = picture_of(run, rows, 3, are_paths=True)
        assert (drawn_by_hand.tobytes() == drawn_by_run.tobytes()) is same


def test_each_row_of_an_interpolation_has_its_class(tmp_path: Path) -> None:
    train(tmp_path / "run", "digits", "cgan", steps=2, batch_size=8, **{"health.every": 0})
    run = TrainedRun(tmp_path / "run")
    rows = run.interpolate(rows=2, columns=3)
    named = image_grid(rows, 3, row_labels=["0", "1"])
    assert picture_of(run, rows, 3, are_paths=True).tobytes() == named.tobytes()
    run.form = replace(run.form, class_names=("0",))
    assert picture_of(run, rows, 3, are_paths=True).size == image_grid(rows, 3).size


def test_the_wrong_caption_is_the_nearest_other_one() -> None:
    captions = torch.tensor([[1, 2, 3, 0], [1, 2, 4, 5], [6, 7, 8, 0], [1, 2, 3, 0]])
    wrong, is_wrong = wrong_captions(captions, 8)
    assert wrong[0].tolist() == wrong[3].tolist() == [1, 2, 4, 5]
    assert wrong[1].tolist() == [1, 2, 3, 0]
    assert is_wrong.tolist() == [True] * 4
    alike, none = wrong_captions(captions[[0, 0]], 8)
    assert none.tolist() == [False, False]
    assert alike.shape == (2, 4)


def test_only_the_gru_knows_the_order_of_words_and_padding_changes_nothing() -> None:
    one, other = torch.tensor([[1, 2, 3]]), torch.tensor([[3, 2, 1]])
    for encoder, knows in ((GRUEncoder(5, 8), True), (MeanEncoder(5, 8), False)):
        assert torch.allclose(encoder(one), encoder(other), atol=1e-6) is not knows
        torch.testing.assert_close(encoder(torch.tensor([[1, 2, 3, 0, 0]])), encoder(one))


def test_both_turns_see_the_captions_of_the_batch() -> None:
    """The wrong captions are in D's loss, and equal captions leave the two-sided loss alone."""
    shape, words = (3, 16, 16), 6
    game = TextToImage(
        CaptionedGenerator(4, shape, GRUEncoder(words, 8), width=8),
        CaptionedDiscriminator(shape, GRUEncoder(words, 8), width=8),
        Gaussian(size=4),
        loss=Hinge(),
        captions=torch.tensor([[1, 2]]),
    )
    real, captions = torch.zeros(6, *shape), torch.tensor([[1, 2], [3, 4], [5, 6]]).repeat(2, 1)

    def loss(ids: torch.Tensor) -> torch.Tensor:
        batch = Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0, ids)
        return game.discriminator_terms(batch).minimise["adversarial"]

    logits = game.logits(real, captions)
    wrong = game.logits(real, wrong_captions(captions, words)[0])
    fake = game.logits(game.generate(game.prior.draw(6, torch.Generator().manual_seed(0)), captions), captions)
    hinge = Hinge()
    expected = (hinge.discriminator(logits, fake) + hinge.discriminator(logits, wrong)) / 2
    torch.testing.assert_close(loss(captions), expected)
    same = captions[:1].repeat(6, 1)
    assert loss(same).isfinite()
