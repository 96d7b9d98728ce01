"""Ray Serve: handles of model deployments, and the base class of their replicas.

Of `actors`, only this package, `actors.app` and `actors.testing.bench` import Ray.
"""
