"""A photo as it is kept: a small JPEG made anew, of which nothing but the picture is left. No database here."""

from __future__ import annotations

import io
import threading

from PIL import Image, ImageOps

from onloan.people.errors import PhotoNotReadable, PhotoTooLarge

PHOTO_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 40_000_000
SIDE_PIXELS_MAX = 512
STORED_BYTES_MAX = 80_000

_FORMATS = ("JPEG", "PNG", "WEBP")
# Tried in order until the file is small enough. The last one holds even pure noise (about 1 bit per pixel).
_SIDES_AND_QUALITIES = ((512, 82), (512, 68), (512, 50), (384, 50), (256, 40))

# A decoded picture of 40 megapixels is 160 MB: a process opens one at a time.
_one_at_a_time = threading.Lock()


def prepare_photo(data: bytes) -> bytes:
    """The photo as JPEG, upright, at most 512 pixels on a side and 80 kB, without any metadata.

    Of several frames the first is kept; transparency becomes white. Raises PhotoTooLarge before anything is
    decoded, and PhotoNotReadable for what is not a JPEG, PNG or WebP picture.
    """
    if len(data) > PHOTO_BYTES_MAX:
        raise PhotoTooLarge(field="photo")
    if data[:4] == b"RIFF" and _webp_pixels(data) > PIXELS_MAX:
        raise PhotoTooLarge(field="photo")
    with _one_at_a_time:
        try:
            return _encode(_read_upright(data))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise PhotoTooLarge(field="photo") from None
        except PhotoTooLarge:
            raise
        except Exception as error:
            # The decoders meet whatever a stranger sends, and raise whatever they find in it (SyntaxError,
            # struct.error, zlib.error): at fault is the photo. The cause is not shown: it could quote bytes.
            raise PhotoNotReadable(field="photo") from error


def _read_upright(data: bytes) -> Image.Image:
    """The first frame in RGB, already small. Opening reads the header only; the size is judged before more."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as photo:
        width, height = photo.size
        if width * height > PIXELS_MAX:
            raise PhotoTooLarge(field="photo")
        # A JPEG is decoded at an eighth, a quarter or a half of its size where that is enough.
        photo.draft("RGB", (SIDE_PIXELS_MAX * 2, SIDE_PIXELS_MAX * 2))
        photo.load()
        small = photo.convert("RGBA") if _is_see_through(photo) else photo.convert("RGB")
        exif = photo.getexif()
    small.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX), Image.Resampling.LANCZOS)
    small.info.clear()
    if 0x0112 in exif:
        small.getexif()[0x0112] = exif[0x0112]
        ImageOps.exif_transpose(small, in_place=True)
    # Pasted into a picture made here, so that no comment, profile or position comes along.
    clean = Image.new("RGB", small.size, "white")
    clean.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    return clean


def _is_see_through(photo: Image.Image) -> bool:
    return photo.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in photo.info


def _encode(picture: Image.Image) -> bytes:
    for side, quality in _SIDES_AND_QUALITIES:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= STORED_BYTES_MAX:
            return file.getvalue()
    raise AssertionError("256 pixels on a side fit into 80 kB at any content")


def _webp_pixels(data: bytes) -> int:
    """Width times height from a WebP header (RFC 9649, section 2); 0 when there is none.

    The WebP library takes memory for the whole canvas as soon as a file is opened, so it is asked later.
    """
    kind, body = data[12:16], data[20:30]
    if data[8:12] != b"WEBP" or len(body) < 10:
        return 0
    if kind == b"VP8X":
        width = int.from_bytes(body[4:7], "little") + 1
        height = int.from_bytes(body[7:10], "little") + 1
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width = int.from_bytes(body[6:8], "little") & 0x3FFF
        height = int.from_bytes(body[8:10], "little") & 0x3FFF
    return width * height
