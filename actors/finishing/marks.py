"""The mark in a picture's file: whether a classifier has looked at it, as XMP."""

from xml.sax.saxutils import quoteattr

from PIL.PngImagePlugin import PngInfo

from server.domain.images import check_of

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:imggen="https://imggen.dev/ns/1.0/" %s/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
"""A packet by XMP's specification, part 1: its wrapper, and one property or two as attributes."""
_PNG_KEYWORD = "XML:com.adobe.xmp"
"""The chunk of XMP in PNG, by its specification, part 3."""


def xmp_of(checked_by: str) -> str:
    """Returns the packet for a picture that a classifier has looked at; empty for none."""
    attributes = f"imggen:pictureCheck={quoteattr(check_of(checked_by).name)}"
    if checked_by:
        attributes += f" imggen:checkedBy={quoteattr(checked_by)}"
    return _PACKET % attributes


def add_xmp(info: PngInfo, xmp: str) -> None:
    """Adds a packet to the chunks of a PNG, not compressed, so that any reader finds it."""
    info.add_itxt(_PNG_KEYWORD, xmp)
