"""Models as plain Python: no Ray, no SQL, no tenants."""
