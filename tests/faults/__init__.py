"""Fault injection: scenarios break the running system, a checker reads its history."""
