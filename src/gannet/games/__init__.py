"""Games: who plays, in what order, minimising what."""
