"""imggen for load tests, with ghz configurations."""
