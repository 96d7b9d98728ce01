"""The watermark in the pixels of imggen's pictures: how it is made, and whether a picture has it.

It needs numpy and Pillow, which `imggen[verify]` installs. Of the rest of the package only the
command `imggen verify` imports it, once it runs.
"""

from imggen.watermark.pattern import OPERATORS, PUBLIC_KEY, VERSION, Pattern
from imggen.watermark.reading import NotRead, told, watermark_of
from imggen.watermark.search import Mark, found

__all__ = [
    "OPERATORS",
    "PUBLIC_KEY",
    "VERSION",
    "Mark",
    "NotRead",
    "Pattern",
    "found",
    "told",
    "watermark_of",
]
