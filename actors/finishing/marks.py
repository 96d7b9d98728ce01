"""The marks in a picture's file, as XMP: a model made it, and whether a classifier looked at it."""

from xml.sax.saxutils import quoteattr

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imggen.rules.credentials import SOURCE_TYPE
from server.domain.images import check_of

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:imggen="https://imggen.dev/ns/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" %s/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
"""A packet by XMP's specification, part 1: its wrapper, and its properties as attributes."""
_SOURCE = f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"'
"""By IPTC's photo metadata standard 2023.1."""
_SOI, _APP0, _APP1 = b"\xff\xd8", b"\xff\xe0", b"\xff\xe1"
_JPEG_NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"
"""The beginning of XMP in a JPEG, by its specification, part 3."""
_PNG_KEYWORD = "XML:com.adobe.xmp"
"""The chunk of XMP in PNG, by its specification, part 3."""


def xmp_of(checked_by: str) -> str:
    """Returns the packet for a picture that a classifier has looked at; empty for none."""
    attributes = f"{_SOURCE} imggen:pictureCheck={quoteattr(check_of(checked_by).name)}"
    if checked_by:
        attributes += f" imggen:checkedBy={quoteattr(checked_by)}"
    return _PACKET % attributes


def add_xmp(info: PngInfo, xmp: str) -> None:
    """Adds a packet to the chunks of a PNG, not compressed, so that any reader finds it."""
    info.add_itxt(_PNG_KEYWORD, xmp)


def xmp_in(image: Image.Image) -> str:
    """Returns the packet of an opened file of ours; empty for none."""
    found = image.info.get(_PNG_KEYWORD) or image.info.get("xmp") or ""
    return found.decode() if isinstance(found, bytes) else str(found)


def marked(preview: bytes, checked_by: str) -> bytes:
    """Returns a JPEG with a packet, its pixels unchanged; other bytes stay as they are."""
    if not preview.startswith(_SOI):
        return preview
    # JFIF's segment stays the first one.
    first = preview[2:4] == _APP0
    at = 4 + int.from_bytes(preview[4:6], "big") if first else 2
    segment = _JPEG_NAMESPACE + xmp_of(checked_by).encode()
    length = (len(segment) + 2).to_bytes(2, "big")
    return preview[:at] + _APP1 + length + segment + preview[at:]
