"""The entry "GAN" of PacGAN's tables: the networks of ``pacgan2`` with packs of one, for `gannet compare --recipes`."""

from gannet.recipes.base import variant
from gannet.recipes.pacgan import pacgan2


@variant(pacgan2, pack=1)
def gan_pac() -> None:
    """``pacgan2`` without packs (Lin, Khetan, Fanti, Oh 2018, section 4.1, https://arxiv.org/abs/1712.04086)."""
