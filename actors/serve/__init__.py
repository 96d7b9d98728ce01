"""Ray Serve: handles of model deployments and what their replicas are made of.

Ray is imported here, in `actors.app` and in `actors.testing.bench`, and nowhere else of actors.
"""
