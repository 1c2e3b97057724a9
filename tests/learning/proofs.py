"""Every proof by name; `test_proofs.py` compares them with the recipes that are found."""

from __future__ import annotations

import on_pictures
import on_points

PROOFS = {proof.name: proof for proof in (*on_points.PROOFS, *on_pictures.PROOFS)}
