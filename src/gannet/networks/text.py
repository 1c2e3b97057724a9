"""Text encoders: token ids of a caption to a vector. They are trained with the game, one for each player."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

PADDING = 0
"""The token id after the last word, see ``data/captions.py``."""


class TextEncoder(nn.Module, ABC):
    """Token ids of captions to vectors."""

    num_words: int
    """Size of the vocabulary; token ids are at most this."""
    size: int
    """Length of the vector."""

    @abstractmethod
    def forward(self, tokens: Tensor) -> Tensor:
        """(N, L) int64, zeros after the last word -> (N, size). Further zeros change nothing."""


class GRUEncoder(TextEncoder):
    """Word embeddings, a gated recurrent unit, the mean of its states after each word, layer norm.

    Cho et al. 2014, https://arxiv.org/abs/1406.1078. The vector depends on the order of the words. The mean, and not
    the state after the last word, so that the gradient of an early word is not the product of many steps.
    """

    def __init__(self, num_words: int, size: int) -> None:
        super().__init__()
        self.num_words, self.size = num_words, size
        self.words = nn.Embedding(num_words + 1, size, padding_idx=PADDING)
        self.recurrent = nn.GRU(size, size, batch_first=True)
        self.norm = nn.LayerNorm(size)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, L) -> (N, size)."""
        states, _ = self.recurrent(self.words(tokens))  # (N, L, size)
        return self.norm(_mean_of_words(states, tokens))


class MeanEncoder(TextEncoder):
    """The mean of the word embeddings, layer norm. It does not depend on the order of the words."""

    def __init__(self, num_words: int, size: int) -> None:
        super().__init__()
        self.num_words, self.size = num_words, size
        self.words = nn.Embedding(num_words + 1, size, padding_idx=PADDING)
        self.norm = nn.LayerNorm(size)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, L) -> (N, size)."""
        return self.norm(_mean_of_words(self.words(tokens), tokens))


def _mean_of_words(vectors: Tensor, tokens: Tensor) -> Tensor:
    """(N, L, size), (N, L) -> (N, size), without padding."""
    is_word = (tokens != PADDING).unsqueeze(2)
    return (vectors * is_word).sum(1) / is_word.sum(1).clamp_min(1)
