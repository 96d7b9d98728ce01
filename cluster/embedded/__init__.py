"""imggen on one machine: Postgres, a gateway and Ray, started and stopped by one command."""
