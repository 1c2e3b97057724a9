#!/usr/bin/env bash
# A practitioner goes from a folder of images to a generator that other programs can use.
set -eu

# Stand-in for a folder of photos: images of digits, one folder for each class.
gannet train digits --recipe cgan --steps 100 --out source frames.every=0 health.every=0
gannet sample source -n 200 -o photos/

# Look at the data first: a contact sheet, class balance, sizes, equal files, and damaged ones.
gannet data info photos -o sheet.png
gannet data check photos

# Train, stop, continue. What was trained is never lost.
gannet train photos --recipe cgan --steps 100 --out mine checkpoint.every=50 data.size=16
gannet resume mine --steps 120
gannet status mine

# Is it good? Did it copy the data? The report begins with a plain verdict.
gannet measure mine --samples 200
gannet doctor mine
gannet report mine

# Use it: single images, a moving walk, and the network with a model card and a script that runs it without Gannet.
gannet sample mine -n 100 -o made/
gannet sample mine --interpolate -o walk.webp
gannet export mine --format torch -o exported
python exported/load.py
