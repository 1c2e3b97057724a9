"""A recipe of a user whose steps take long enough to be interrupted."""

UNHURRIED = """
import time

import gannet
from gannet.losses.non_saturating import NonSaturating
from gannet.recipes.gan import gan


class Unhurried(NonSaturating):
    def generator(self, fake, real):
        time.sleep(0.02)
        return super().generator(fake, real)


@gannet.recipe(kind="points")
def unhurried(form, *, steps: int = 200, batch_size: int = 48) -> gannet.Experiment:
    return gan(form, steps=steps, batch_size=batch_size, loss=Unhurried())
"""
"""The recipe ``gan`` whose steps take 20 ms more: a busy machine could end all of its steps before a kill."""
