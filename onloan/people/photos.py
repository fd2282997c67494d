"""A photo as it is kept: a small JPEG made anew, of which nothing but the picture is left. No database here."""

from __future__ import annotations

import io
import re
import threading

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from onloan.people.errors import PhotoBusy, PhotoNotReadable, PhotoTooLarge

PHOTO_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 40_000_000
PIXELS_MAX_WHOLE = 16_000_000
"""For PNG and WebP, which cannot be decoded at a part of their size: a few bytes may cost a second at more."""
SCANS_MAX = 20
"""A JPEG may be drawn in several passes, each over all its pixels; encoders make 10, and 18 for four inks."""
WAIT_SECONDS = 2.0
SIDE_PIXELS_MAX = 512
STORED_BYTES_MAX = 80_000

_FORMATS = ("JPEG", "PNG", "WEBP")
# Tried in order until the file is small enough. The last one holds even pure noise (about 1 bit per pixel).
_SIDES_AND_QUALITIES = ((512, 82), (512, 68), (512, 50), (384, 50), (256, 40))

# The marks of a JPEG (ITU T.81, annex B) but fill bytes, those within a pass, and restarts.
_MARK = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA

# A decoded picture of 16 megapixels is 64 MB, and twice that on its way: a process opens one at a time.
_one_at_a_time = threading.Lock()


def prepare_photo(data: bytes) -> bytes:
    """The photo as JPEG, upright, at most 512 pixels on a side and 80 kB, without any metadata.

    Of several frames the first is kept; transparency becomes white. Raises PhotoTooLarge before anything is
    decoded, PhotoNotReadable for what is not a JPEG, PNG or WebP picture, or is drawn in more passes than any
    camera makes, and PhotoBusy while others are made smaller.
    """
    if len(data) > PHOTO_BYTES_MAX:
        raise _too_large(PIXELS_MAX)
    if data[:4] == b"RIFF" and _webp_pixels(data) > PIXELS_MAX_WHOLE:
        raise _too_large(PIXELS_MAX_WHOLE)
    if data[:2] == b"\xff\xd8" and _count_scans(data) > SCANS_MAX:
        raise PhotoNotReadable(field="photo")
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise PhotoBusy(field="photo")
    try:
        return _encode(_read_upright(data))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(PIXELS_MAX_WHOLE) from None
    except PhotoTooLarge:
        raise
    except Exception as error:
        # The decoders meet whatever a stranger sends, and raise whatever they find in it (SyntaxError,
        # struct.error, zlib.error): at fault is the photo. The cause is not shown: it could quote bytes.
        raise PhotoNotReadable(field="photo") from error
    finally:
        _one_at_a_time.release()


def _too_large(pixels_max: int) -> PhotoTooLarge:
    return PhotoTooLarge(field="photo", megapixels=pixels_max // 1_000_000)


def _read_upright(data: bytes) -> Image.Image:
    """The first frame in RGB, already small. Opening reads the header only; the size is judged before more."""
    with Image.open(io.BytesIO(data), formats=_FORMATS) as photo:
        width, height = photo.size
        pixels_max = PIXELS_MAX if isinstance(photo, JpegImageFile) else PIXELS_MAX_WHOLE
        if width * height > pixels_max:
            raise _too_large(pixels_max)
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


def _count_scans(data: bytes) -> int:
    """How many passes the first picture of a JPEG is drawn in, as its decoder will find them; no further than one
    more than may be."""
    scans, position = 0, 2
    while scans <= SCANS_MAX:
        mark = _MARK.search(data, position)
        if mark is None or mark[1][0] == _END_OF_IMAGE:
            break
        scans += mark[1][0] == _START_OF_SCAN
        # A segment says how long it is: what stands in it (a small picture of the camera's) counts for nothing.
        position = mark.end() + int.from_bytes(data[mark.end() : mark.end() + 2], "big")
    return scans


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
