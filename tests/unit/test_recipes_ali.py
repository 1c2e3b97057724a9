"""Widths and normalisation of the recipes with an encoder."""

from __future__ import annotations

import pytest
from torch import nn

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.ring import Ring
from gannet.recipes.ali import ali
from gannet.recipes.ali_pac import ali_pac


def widths(module: nn.Module) -> set[int]:
    return {layer.out_features for layer in module.modules() if isinstance(layer, nn.Linear)}


@pytest.mark.parametrize(("data", "hidden", "width"), [(Ring(), None, 128), (Digits(), None, 512), (Ring(), 200, 200)])
def test_ali_is_narrower_on_points_unless_a_width_is_given(data, hidden, width):
    game = ali(data.open(silent).form, hidden=hidden).game
    for part in (game.generator, game.encoder, game.discriminator):
        assert max(widths(part) - {64}) == width  # 64 pixels of a digit


def test_the_encoder_of_ali_pac_mirrors_its_generator():
    game = ali_pac(Ring().open(silent).form, hidden=12).game
    for part in (game.generator, game.encoder):
        norms = [layer.num_features for layer in part.modules() if isinstance(layer, nn.BatchNorm1d)]
        assert norms == [12] * 4
