"""The scenarios: each injects one kind of fault, and returns a report."""
