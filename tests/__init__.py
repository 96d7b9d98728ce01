"""The tests: unit, integration (real parts), recipe, faults and slow."""
