"""How imggen runs somewhere: embedded on one machine, or on a Ray cluster."""
