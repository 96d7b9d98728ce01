"""A simulated day of load, and the policies of routing that it is replayed through."""
