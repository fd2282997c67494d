"""A photo is judged before it is decoded, and made anew."""

from __future__ import annotations

import io
import os
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from onloan.errors import OnloanError
from onloan.people import photos
from onloan.people.errors import PhotoBusy, PhotoNotReadable, PhotoTooLarge
from onloan.people.photos import PHOTO_BYTES_MAX, SCANS_MAX, SIDE_PIXELS_MAX, STORED_BYTES_MAX, prepare_photo


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def read(photo: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(photo))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_makes_a_small_jpeg_of_each_kind(kind: str) -> None:
    photo = read(prepare_photo(encode(Image.new("RGB", (1200, 800), "teal"), kind)))
    assert photo.format == "JPEG"
    assert photo.size == (512, 341)
    assert photo.mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
def test_it_takes_every_usual_colour_mode(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert read(prepare_photo(encode(Image.new(mode, (40, 30)), kind))).mode == "RGB"


def test_it_drops_position_comment_and_profile() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Ana's camera"
    exif.get_ifd(0x8825)[1] = "N"
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(Image.new("RGB", (64, 64)), "JPEG", exif=exif, comment=b"Ana lives here", icc_profile=profile)
    assert b"Ana's camera" in data and b"Ana lives here" in data
    photo = prepare_photo(data)
    assert b"Ana" not in photo and b"ICC" not in photo and b"Exif" not in photo
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(read(photo).info)


def test_it_drops_the_text_of_a_png() -> None:
    words = PngInfo()
    words.add_text("Author", "Ana Martin")
    data = encode(Image.new("RGB", (64, 64)), "PNG", pnginfo=words)
    assert b"Ana Martin" in data
    assert b"Ana" not in prepare_photo(data)


def test_it_turns_a_photo_upright_before_the_orientation_is_dropped() -> None:
    picture = Image.new("RGB", (80, 40), "white")
    picture.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated clockwise by 90 degrees
    photo = read(prepare_photo(encode(picture, "JPEG", exif=exif, quality=95)))
    assert photo.size == (40, 80)
    red, green, _ = photo.getpixel((20, 20))  # type: ignore[misc]
    assert red > 200 and green < 60
    assert photo.getexif().get(0x0112) is None


def test_it_shows_what_is_see_through_on_white() -> None:
    photo = read(prepare_photo(encode(Image.new("RGBA", (32, 32), (0, 0, 0, 0)), "PNG")))
    assert photo.getpixel((5, 5)) == (255, 255, 255)


def test_it_keeps_the_first_of_several_frames() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    photo = read(prepare_photo(data))
    assert getattr(photo, "n_frames", 1) == 1
    assert photo.getpixel((5, 5))[0] > 200  # type: ignore[index]


def test_it_stays_under_80_kb_even_for_noise() -> None:
    noise = Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3))
    photo = prepare_photo(encode(noise, "PNG"))
    assert len(photo) <= STORED_BYTES_MAX
    assert max(read(photo).size) <= SIDE_PIXELS_MAX


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing: only its header can be judged."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


@pytest.mark.parametrize(
    "data",
    [
        png_header(20_000, 10_000), png_header(6_400, 6_300), png_header(2**31 - 1, 2**31 - 1),
        webp_header(16_383, 16_383), webp_header(2**24, 2**24), b"\xff\xd8" + bytes(PHOTO_BYTES_MAX),
    ],
    ids=["200 megapixels", "40.3 megapixels", "4 exapixels", "webp", "webp beyond its own bound", "10 MB"],
)  # fmt: skip
def test_it_refuses_a_large_photo_by_its_header(data: bytes) -> None:
    with pytest.raises(PhotoTooLarge):
        prepare_photo(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not a photo", b"GIF89a" + bytes(100), b"\xff\xd8\xff", b"%PDF-1.7", b"<svg xmlns='x'/>", b"RIFF",
        b"RIFF\x00\x00\x00\x00WEBP", webp_header(10, 10), png_header(100, 100), png_header(0, 10),
        b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff",
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_photo(data: bytes) -> None:
    with pytest.raises(PhotoNotReadable):
        prepare_photo(data)


def test_it_survives_a_photo_with_any_byte_changed() -> None:
    picture = Image.effect_noise((48, 48), 60).convert("RGB")
    for kind in ("JPEG", "PNG", "WEBP"):
        data = bytearray(encode(picture, kind))
        for position in range(0, len(data), 7):
            damaged = bytes(data[:position]) + bytes([data[position] ^ 0xFF]) + bytes(data[position + 1 :])
            try:
                photo = prepare_photo(damaged)
            except OnloanError:
                continue
            assert photo.startswith(b"\xff\xd8") and len(photo) <= STORED_BYTES_MAX


def with_scans(count: int, mode: str = "RGB") -> bytes:
    """A JPEG whose last pass is drawn again and again: 65 bytes each here, and all pixels for the decoder."""
    data = encode(Image.effect_noise((48, 48), 60).convert(mode), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * (count - data.count(b"\xff\xda")) + data[-2:]


def test_it_refuses_a_jpeg_of_more_passes_than_a_camera_makes() -> None:
    assert read(with_scans(200)).size == (48, 48), "the decoder takes any number of them"
    prepare_photo(with_scans(SCANS_MAX))
    with pytest.raises(PhotoNotReadable):
        prepare_photo(with_scans(SCANS_MAX + 1))


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\x00\xff\xd0", b"\xff\xe1\x00\x04\xff\xd9"])
def test_passes_are_counted_whatever_stands_between_them(filler: bytes) -> None:
    with pytest.raises(PhotoNotReadable):
        prepare_photo(with_scans(SCANS_MAX + 1).replace(b"\xff\xda", filler + b"\xff\xda"))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_it_takes_what_encoders_draw_in_passes(mode: str) -> None:
    prepare_photo(encode(Image.effect_noise((64, 64), 60).convert(mode), "JPEG", progressive=True, quality=95))


def test_passes_of_the_small_picture_or_after_the_end_count_for_nothing() -> None:
    marks = b"\xff\xda" * (SCANS_MAX + 1)
    data = encode(Image.new("RGB", (64, 64)), "JPEG", comment=marks)
    prepare_photo(data + marks)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_it_takes_a_whole_screenshot_of_a_phone(kind: str) -> None:
    photo = prepare_photo(encode(Image.new("RGB", (3_000, 4_000), "teal"), kind))
    assert read(photo).size == (384, 512)


def test_it_takes_a_larger_jpeg_than_png() -> None:
    size = (5_000, 4_000)
    assert read(prepare_photo(encode(Image.new("L", size), "JPEG"))).size == (512, 410)
    for data in (png_header(*size), webp_header(*size), encode(Image.new("L", size), "PNG")):
        with pytest.raises(PhotoTooLarge) as refused:
            prepare_photo(data)
        assert "16 megapixels" in str(refused.value)


def test_it_says_that_it_is_busy_while_another_photo_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "WAIT_SECONDS", 0.01)
    data = encode(Image.new("RGB", (64, 64)), "JPEG")
    with photos._one_at_a_time, pytest.raises(PhotoBusy):
        prepare_photo(data)
    prepare_photo(data)
    with pytest.raises(PhotoNotReadable):
        prepare_photo(b"not a photo")
    prepare_photo(data)
