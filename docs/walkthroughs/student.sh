#!/usr/bin/env bash
# A student sees a GAN learn, sees one fail, and finds out why.
set -eu

# The eight Gaussians of the ring, with the recommended recipe. Open `gannet watch` in another terminal to see it live.
gannet train ring --steps 800 --out first log.every=200
gannet measure first --metrics modes,high_quality,w1 --samples 2000

# The training as an animation, and a page with everything: verdict, samples, curves, and where points still have to move.
gannet report first --gif first.gif

# The same with learning rates that are far too high. The alarm names the problem while it trains.
gannet train ring --recipe gan --steps 500 --out bad lr=0.3 health.every=20
gannet measure bad --metrics modes,high_quality,w1 --samples 2000
gannet doctor bad

# Where latents lead: each row goes from one latent to another.
gannet sample first --interpolate -o paths.png

# What the recipe does, with formula and paper.
gannet describe particle-gan
