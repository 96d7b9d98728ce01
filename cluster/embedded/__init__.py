"""imggen on one machine: Postgres, a gateway and Ray, started and ended by one command."""
