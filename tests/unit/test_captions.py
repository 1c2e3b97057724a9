"""Captions: words and token ids, folders with captions, the captioned digits, and what a run makes of a caption."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gannet.data.base import Form, silent
from gannet.data.captioned_digits import CaptionedDigits
from gannet.data.captioned_folder import CaptionedFolder
from gannet.data.captions import examples_of, token_ids, vocabulary_of, words_of
from gannet.data.digit_scenes import COLOURS, DIGITS, PLACES, SCENES, drawn, named, shown
from gannet.data.image_table import ImageTable
from gannet.data.inspect import check
from gannet.data.resolve import source_for
from gannet.errors import UserError

CPU = torch.device("cpu")
RED = (200, 30, 30)


def save(folder: Path, captions: dict[str, str], *, suffix: str = ".jsonl", name: str = "metadata") -> Path:
    """A folder of 12 x 12 images; the grey level of each is its place in the order."""
    for level, file in enumerate(captions):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 12), (level, level, level)).save(folder / file)
    lines = [json.dumps({"file_name": file, "text": text}) for file, text in captions.items()]
    if suffix == ".csv":
        lines = ["file_name,text", *(f'{file},"{text}"' for file, text in captions.items())]
    (folder / f"{name}{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def opened(path: Path) -> ImageTable:
    return CaptionedFolder(path=str(path)).open(silent)


FOUR = {"a.png": "a red fox", "b.png": "A blue hen, asleep", "c.png": "two red hens", "d.png": "a fox"}


def test_words_are_in_lower_case_without_punctuation() -> None:
    assert words_of("A red 7 -- on Green, top-left; don't!") == ["a", "red", "7", "on", "green", "top", "left", "don't"]
    assert words_of("Öl, 紅い_x") == ["öl", "紅い", "x"]


def test_token_ids_are_places_in_the_vocabulary_from_one() -> None:
    words = vocabulary_of(["a red fox", "a fox"])
    assert words == ("a", "fox", "red")
    assert token_ids(["Red fox", "a red fox"], words).tolist() == [[3, 2, 0], [1, 3, 2]]


def test_unknown_words_are_named_in_one_sentence_with_the_nearest_known_words() -> None:
    with pytest.raises(UserError) as refused:
        token_ids(["a purple sevem", "a purple six"], ("a", "green", "red", "seven", "six"))
    assert len(refused.value.problems) == 1
    assert "'purple' (" in str(refused.value)
    assert "'sevem' (seven, " in str(refused.value)
    assert str(refused.value).count("purple") == 1
    with pytest.raises(UserError, match="no words"):
        token_ids([" ... "], ("a",))


def test_examples_are_different_and_spread() -> None:
    assert examples_of(["x", "x", "y"]) == ("x", "y")
    assert examples_of([str(i) for i in range(80)]) == tuple(str(i) for i in range(0, 80, 10))


@pytest.mark.parametrize(("suffix", "name"), [(".jsonl", "metadata"), (".csv", "metadata"), (".csv", "captions")])
def test_every_image_of_a_folder_has_its_own_caption(tmp_path: Path, suffix: str, name: str) -> None:
    table = opened(save(tmp_path, FOUR, suffix=suffix, name=name))
    images, captions = table.reference(4, seed=0)[0], table.reference_captions(4, seed=0)
    assert captions is not None
    assert {level: caption for level, caption in zip(images[:, 0, 0, 0].tolist(), captions, strict=True)} == dict(
        enumerate(FOUR.values())
    )
    assert source_for(str(tmp_path))[0] == "captioned-folder"


def test_a_batch_and_its_captions_are_the_same_rows(tmp_path: Path) -> None:
    table = opened(save(tmp_path, FOUR))
    for position in range(5):
        levels = (
            ((table.batch(3, seed=1, position=position, device=CPU)[0][:, 0, 0, 0] + 1) * 127.5).round().long().tolist()
        )
        ids = table.captions(3, seed=1, position=position, device=CPU)
        assert ids is not None
        texts = list(FOUR.values())
        assert ids.tolist() == [
            row[: ids.shape[1]] for row in _padded(table, [texts[level] for level in levels], ids.shape[1])
        ]


def _padded(table: ImageTable, texts: list[str], length: int) -> list[list[int]]:
    return [[*token_ids([text], table.vocabulary)[0].tolist(), *[0] * length][:length] for text in texts]


def test_a_zip_is_read_like_its_folder_and_class_folders_stay_classes(tmp_path: Path) -> None:
    captions = {f"{kind}/{number}.png": f"{kind} number {number}" for kind in ("fox", "hen") for number in range(2)}
    folder = save(tmp_path / "in", captions)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, f"wrapped/{file.relative_to(folder)}")
    plain, packed = opened(folder), opened(tmp_path / "set.zip")
    assert plain.class_names == packed.class_names == ("fox", "hen")
    assert plain.reference_captions(4, seed=0) == packed.reference_captions(4, seed=0)
    assert source_for(str(tmp_path / "set.zip"))[0] == "captioned-folder"


def test_metadata_without_text_leaves_a_plain_folder(tmp_path: Path) -> None:
    save(tmp_path, {"a.png": "x", "b.png": "y"})
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "label": 3}\n', encoding="utf-8")
    assert source_for(str(tmp_path))[0] == "folder"


def test_other_captions_are_other_data(tmp_path: Path) -> None:
    before = opened(save(tmp_path, FOUR)).content_hash
    assert opened(save(tmp_path, FOUR | {"a.png": "a green fox"})).content_hash != before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('{"file_name": "a.png", "text": "a fox"}\n', "3 of 4 images have no caption (b.png, c.png, d.png)"),
        ('{"file_name": "e.png", "text": "a fox"}\n', "1 of 1 captions name a file that does not exist (e.png)"),
        ('{"file_name": "a.png", "text": 7}\n', "line 1: expected file_name and text"),
        ('{"file_name": "a.png", "text": "a fox"}\n{oops\n', "line 2: expected file_name and text"),
        ('{"file_name": "a.png", "text": "!"}\n', "line 1: the caption '!' contains no words"),
        (
            '{"file_name": "a.png", "text": "x"}\n{"file_name": "a.png", "text": "y"}\n',
            "line 2: a.png has a second caption",
        ),
    ],
)
def test_wrong_captions_are_named_with_their_line(tmp_path: Path, broken: str, said: str) -> None:
    save(tmp_path, FOUR)
    (tmp_path / "metadata.jsonl").write_text(broken, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        opened(tmp_path)
    assert said in str(refused.value)
    assert any(said in finding.problem and finding.fatal for finding in check(tmp_path, silent))


def test_a_correct_folder_passes_the_check(tmp_path: Path) -> None:
    assert check(save(tmp_path, FOUR), silent) == []


def test_a_form_keeps_vocabulary_and_examples_through_a_record(tmp_path: Path) -> None:
    form = opened(save(tmp_path, FOUR)).form
    again = Form.from_json(json.loads(json.dumps(form.as_json())))
    assert again == form
    assert again.token_ids(["two red hens"]).shape == (1, 3)
    assert set(again.captions) == set(FOUR.values())


@pytest.fixture(scope="module")
def held_out() -> ImageTable:
    return CaptionedDigits(split="test").open(silent)


def test_held_out_captions_are_new_combinations_of_known_words(held_out: ImageTable) -> None:
    source = CaptionedDigits()
    assert source.held_out() == CaptionedDigits(split="test")
    assert CaptionedDigits(split="test").held_out() is None
    training, others = set(source.read(silent).captions or ()), set(held_out.reference_captions(2000, seed=0) or ())
    assert not training & others
    assert training | others == {scene.caption for scene in SCENES}
    assert vocabulary_of(training) == held_out.vocabulary


def test_captions_can_be_read_from_the_images_again(held_out: ImageTable) -> None:
    """All that does not need the classifier; a scene drawn wrongly is noticed in exactly what is wrong."""
    images, captions = held_out.reference(200, seed=0)[0], held_out.reference_captions(200, seed=0)
    assert captions is not None
    names = named(captions)
    seen = shown(images, lambda crops: np.array([DIGITS.index(digit) for digit in names["digit"]]))
    assert all((seen[part] == names[part]).all() for part in names)
    swapped = shown(images[..., [1, 0, 2]], lambda crops: np.zeros(len(crops), np.int64))
    touched = np.isin(names["ink"], ["red", "green"])
    assert (swapped["ink"][touched] != names["ink"][touched]).all()
    assert (swapped["place"] == names["place"]).all()


def test_nothing_drawn_is_not_read_as_the_ink() -> None:
    scenes = [scene for scene in SCENES if scene.digit == "one"][:30]
    empty = drawn(scenes, np.zeros((30, 8, 8), np.uint8))
    seen = shown(empty, lambda crops: np.zeros(len(crops), np.int64))
    assert seen["ground"].tolist() == [scene.ground for scene in scenes]
    assert not any(seen["ink"][row] == scene.ink for row, scene in enumerate(scenes))
    assert len(SCENES) == len(DIGITS) * len(COLOURS) * (len(COLOURS) - 1) * len(PLACES)
