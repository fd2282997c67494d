"""A small picture that was never anybody."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def portrait_png(width: int = 320, height: int = 320) -> bytes:
    image = Image.new("RGB", (width, height), "#d9c7a0")
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 4, height // 5, width * 3 // 4, height * 3 // 4), fill="#7a5c3a")
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()
