"""The files of a figure as a site offers them: the same picture and record, in fewer bytes."""

import re
from io import BytesIO

from PIL import Image
from PIL.PngImagePlugin import PngInfo

COLOURS = 32
THUMB = (496, 240)  # pixels; shown at half of it
FONT = re.compile(r'(?<=["#])(SoilaSans|DejaVuSans)(?:-(Regular|Bold))?-(?=[0-9a-f]+")')
PATH = re.compile(r' d="([^"]*)"')
PLACED = re.compile(r'(<use [^>]*?)transform="translate\((-?[\d.]+)(?: (-?[\d.]+))?\)"')


def svg(drawing: str) -> str:
    """Write an SVG of matplotlib without comments and indentation, with short names of glyphs."""
    fonts: dict[str, str] = {}
    plain = re.sub(r">[ \n]+<", "><", re.sub(r"<!--.*?-->", "", drawing, flags=re.DOTALL))
    plain = FONT.sub(lambda found: fonts.setdefault(found[0], f"g{len(fonts)}-"), plain)
    return PLACED.sub(_at, PATH.sub(_path, plain)).replace("xlink:href", "href")


def _path(found: re.Match[str]) -> str:
    """Write a path with two decimals and no spaces around its letters."""
    points = re.sub(r"(\.\d\d)\d+", r"\1", found[1])
    return ' d="' + re.sub(r"\s*([A-Za-z])\s*", r"\1", points) + '"'


def _at(found: re.Match[str]) -> str:
    before, x, y = found.groups()
    return f'{before}x="{float(x):.1f}"' + (f' y="{y}"' if float(y or 0) else "")


def png(picture: bytes) -> bytes:
    """Write a PNG with a palette, and with all that it says of itself."""
    image = Image.open(BytesIO(picture))
    said = PngInfo()
    for name, text in image.info.items():
        if isinstance(name, str) and isinstance(text, str):
            said.add_itxt(name, text)
    return _packed(image.convert("RGB"), COLOURS, dpi=image.info["dpi"], pnginfo=said)


def thumbnail(picture: bytes) -> bytes:
    """Make a PNG small enough for an overview of figures; what it says cannot be read."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.thumbnail(THUMB)
    return _packed(image, COLOURS // 2)


def _packed(image: Image.Image, colours: int, **options: object) -> bytes:
    packed = BytesIO()
    few = image.quantize(colours, dither=Image.Dither.NONE)
    few.save(packed, "PNG", optimize=True, **options)
    return packed.getvalue()
