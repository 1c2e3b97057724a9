"""Names with letters that English does not have are drawn, not replaced by boxes."""

import numpy as np
import pytest
from PIL import ImageFont

from gannet.figures.grid import captioned, image_grid
from gannet.figures.theme import NO_LETTER, font, shortened, wrapped

IMAGES = np.zeros((4, 28, 28, 1), dtype=np.uint8)


def test_english_has_the_font_that_is_the_same_everywhere():
    assert font(14, "step 1,000 · real").getname() == ImageFont.load_default(14).getname()


@pytest.mark.parametrize("word", ["café", "naïve", "Ελλάδα", "Кот", "a — b"])
def test_the_font_of_a_word_has_its_letters(word):
    letters = font(20, word)
    box = bytes(letters.getmask(NO_LETTER))
    assert all(bytes(letters.getmask(letter)) != box for letter in word if letter != " ")


@pytest.mark.parametrize("where", ["column_labels", "row_labels", "captions"])
def test_a_grid_draws_such_names(where):
    def drawn(*words: str) -> bytes:
        return image_grid(IMAGES, 2, **{where: list(words)}).tobytes()

    assert drawn("é", "ö") != drawn("ö", "é")


def test_a_title_draws_such_names():
    picture = image_grid(IMAGES, 2)
    assert captioned(picture, "é", "ñ").tobytes() != captioned(picture, "ñ", "é").tobytes()


def test_letters_that_no_font_has_become_boxes():
    assert wrapped(f"{NO_LETTER} fox", 500, 12) == [f"{NO_LETTER} fox"]
    assert shortened("café " * 20, 60, 12).startswith("café")
