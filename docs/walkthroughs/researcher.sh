#!/usr/bin/env bash
# A researcher compares methods over seeds and writes a table and figures for a paper.
set -eu

# Two methods, three seeds, equal work. The same command continues a comparison that was stopped.
gannet compare ring --recipes gan,ragan --seeds 0-2 --steps 500 --metrics modes,high_quality,w1 --samples 2000 --out methods

# The table as LaTeX, Markdown and CSV, and a page with the samples of every run.
gannet report methods -o table.tex -o table.md -o table.csv -o methods.html

# Loss curves of one run as wide as a column, and its training as numbers.
gannet report methods/gan/seed-0 -o curves.pdf -o curves.svg -o numbers.csv

# A third method that exists already joins the table; scores that were measured differently would be refused.
gannet train ring --recipe particle-gan --steps 500 --seed 0 --out particle
gannet measure particle --metrics modes,high_quality,w1 --samples 2000
gannet table methods/gan/seed-0 methods/ragan/seed-0 particle -o all.md

# One setting varied, everything else equal.
gannet compare ring --recipes gan --seeds 0-1 --steps 300 --sweep batch_size=32,128 --metrics w1 --samples 1000 --out sweep
