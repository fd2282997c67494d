"""Pictures inside a page: the photo that somebody just chose, a QR code. Nothing is fetched from anywhere."""

from __future__ import annotations

import base64
import io

import segno
from PIL import Image

SIDE_PIXELS = 160


def photo_address(photo: bytes) -> str:
    """``photo`` (a JPEG from ``people.photos``) as a small square ``data:`` address of some 6 kB."""
    with Image.open(io.BytesIO(photo), formats=("JPEG",)) as opened:
        side = min(opened.size)
        left, top = (opened.width - side) // 2, (opened.height - side) // 2
        square = opened.crop((left, top, left + side, top + side))
    small = square.resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=72, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()


def qr_drawing(address: str) -> str:
    """An inline SVG, dark on the light ground that its frame gives it; error correction level M."""
    drawing: str = segno.make(address, error="m", micro=False).svg_inline(border=1, omitsize=True)
    return drawing
