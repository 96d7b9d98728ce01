"""The engine on a CPU, and what it is compared with."""
