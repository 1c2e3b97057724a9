"""From samples to score cards: what is measured, at what cost, and what may be compared."""
