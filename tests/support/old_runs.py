"""Runs that earlier versions of Gannet wrote, kept as they came: what readers, writers and comparisons must still
understand.
"""

from pathlib import Path

VERSION_1 = Path(__file__).parent / "old_run"
"""``gannet train ring --recipe gan --seed 3 --steps 20 hidden=8 batch_size=16 frames.every=0 checkpoint.every=20
checkpoint.keep=1 health.every=5``, then ``gannet measure RUN --metrics w1,precision --samples 100``. The lock and the
empty folder frames/ are left out."""

VERSION_2 = Path(__file__).parent / "old_run_2"
"""``gannet train ring --recipe particle-gan --seed 3 --steps 20 hidden=8 batch_size=16 frames.every=0
checkpoint.every=20 health.every=5 log.every=5`` with one step in slow motion. The lock and the checkpoint are left
out."""
