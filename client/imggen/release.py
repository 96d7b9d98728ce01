"""The version of this package, also where it runs from a checkout or in an image, uninstalled."""

VERSION = "0.1.0"
