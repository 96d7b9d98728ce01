"""The worker: claims jobs, holds their leases, drives their stages and writes how they end.

Models, storage and store are handed to it; Ray is not imported here.
"""
