"""What the theory of these games says, as functions of arrays: divergences, the best discriminator, the earth mover's plan."""
