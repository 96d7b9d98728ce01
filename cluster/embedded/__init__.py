"""imggen on one machine: Postgres, a gateway and Ray, started and stopped by one command.

No behaviour of imggen is here: only the start and the end of its processes.
"""
