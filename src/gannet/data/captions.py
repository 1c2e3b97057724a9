"""Captions of images: their words, and the token ids that networks see instead of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import torch
from torch import Tensor

from gannet.errors import UserError

PADDING = 0
"""The token id that fills captions up to a common length. Words have the ids 1, 2, ... in the order of the
vocabulary.
"""
NUM_EXAMPLES = 8
NUM_NEAREST = 3
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words_of(caption: str) -> list[str]:
    """The words in order, in lower case, without punctuation: ``A red 7, top-left`` -> a, red, 7, top, left."""
    return WORD.findall(caption.lower())


def vocabulary_of(captions: Iterable[str]) -> tuple[str, ...]:
    """Every word of the captions once, sorted."""
    return tuple(sorted({word for caption in captions for word in words_of(caption)}))


def token_ids(captions: Sequence[str], vocabulary: Sequence[str]) -> Tensor:
    """(N, L) int64 token ids; L is the number of words of the longest caption, and shorter ones end with zeros.

    Raises:
        UserError: a word is not in the vocabulary, or a caption has no words.
    """
    number = {word: index for index, word in enumerate(vocabulary, PADDING + 1)}
    rows = [words_of(caption) for caption in captions]
    empty = next((caption for caption, words in zip(captions, rows, strict=True) if not words), None)
    if empty is not None:
        raise UserError(f"The caption {empty!r} contains no words; known words are for example {_example(vocabulary)}.")
    if unknown := list(dict.fromkeys(word for words in rows for word in words if word not in number)):
        raise UserError(_unknown_words(unknown, vocabulary))
    length = max(map(len, rows), default=1)
    return torch.tensor(
        [[number[word] for word in words] + [PADDING] * (length - len(words)) for words in rows], dtype=torch.int64
    )


def examples_of(captions: Sequence[str]) -> tuple[str, ...]:
    """Up to 8 different captions, evenly spaced in the list of all."""
    different = list(dict.fromkeys(captions))
    count = min(NUM_EXAMPLES, len(different))
    return tuple(different[index * len(different) // count] for index in range(count))


def _unknown_words(unknown: Sequence[str], vocabulary: Sequence[str]) -> str:
    near = [f"{word!r} ({', '.join(get_close_matches(word, vocabulary, NUM_NEAREST, cutoff=0.0))})" for word in unknown]
    what = "this word" if len(unknown) == 1 else "these words"
    return (
        f"The captions of the training data do not contain {what}; the nearest known words are in brackets: "
        f"{', '.join(near)}."
    )


def _example(vocabulary: Sequence[str]) -> str:
    return ", ".join(vocabulary[:3])
