"""What the service and the client both know of content credentials."""

DEVELOPMENT = "imggen development, not trusted"
"""The organization in certificates that are made where none is set, as anybody can make one."""

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for media that a trained model made, in manifests and in XMP."""
