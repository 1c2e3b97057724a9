"""One training on several processes, called ranks: the collectives, the whole batch of a turn, the launcher."""
