"""Every image format decodes to the pixels that were written, or is refused with a reason."""

import gzip
import io
import struct
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats import decode

# As in a scan: decoders warn of what they mend.
pytestmark = pytest.mark.filterwarnings("ignore")

GREY = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10
COLOUR = np.stack([GREY, GREY.T.reshape(6, 4), 255 - GREY], axis=-1)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def dicom(stored: np.ndarray, photometric: str = "MONOCHROME2", **tags) -> bytes:
    """Write a little DICOM file of grey pixels."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    *frames, dataset.Rows, dataset.Columns = stored.shape
    if frames:
        dataset.NumberOfFrames = frames[0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, photometric
    dataset.BitsAllocated = stored.dtype.itemsize * 8
    dataset.BitsStored = tags.pop("BitsStored", dataset.BitsAllocated)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = stored.tobytes()
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def png16(pixels: np.ndarray) -> bytes:
    """Write a 16-bit colour PNG, which Pillow cannot."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def sample(name: str) -> bytes:
    """Read a file that pydicom ships."""
    return Path(get_testdata_file(name, download=False)).read_bytes()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(GREY), GREY[..., None]),
        (Image.fromarray(GREY > 90), (GREY > 90)[..., None] * 255),
        (Image.fromarray(GREY.astype(np.uint16) * 250), GREY[..., None].astype(int) * 250),
        (Image.fromarray(COLOUR), COLOUR),
        (Image.fromarray(np.dstack([COLOUR, GREY])), COLOUR),
        (Image.fromarray(np.dstack([GREY, 255 - GREY])), GREY[..., None]),
        (Image.fromarray(GREY).convert("P"), np.repeat(GREY[..., None], 3, axis=-1)),
    ],
    ids=["grey", "one bit", "16 bit", "colour", "colour and alpha", "grey and alpha", "palette"],
)
def test_png_modes(image, expected):
    np.testing.assert_array_equal(decode(saved(image))[0], expected)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_16_bit_colour_png_keeps_its_bits(channels):
    pixels = np.random.default_rng(0).integers(0, 2**16, (5, 3, channels), dtype=np.uint16)
    found = decode(png16(pixels))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[0], pixels[..., : 3 if channels > 2 else 1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_image(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = decode(saved(Image.fromarray(GREY), exif=exif))[0, ..., 0]
    by_hand = {
        1: GREY,
        2: GREY[:, ::-1],
        3: GREY[::-1, ::-1],
        4: GREY[::-1],
        5: GREY.T,
        6: GREY.T[:, ::-1],
        7: GREY.T[::-1, ::-1],
        8: GREY.T[::-1],
    }
    np.testing.assert_array_equal(turned, by_hand[orientation])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_modes(mode):
    smooth = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8) * 2
    image = Image.fromarray(smooth).convert(mode)
    found = decode(saved(image, "JPEG", quality=100))
    expected = np.asarray(image if mode == "L" else image.convert("RGB"))
    assert found.shape == (1, 32, 32, 1 if mode == "L" else 3)
    np.testing.assert_allclose(found[0].squeeze().astype(int), expected.astype(int), atol=3)


def test_a_png_whose_check_sum_is_wrong_is_refused():
    data = bytearray(saved(Image.fromarray(GREY), compress_level=0))
    data[data.index(b"IDAT") + 20] ^= 1  # Pillow alone would show another picture
    with pytest.raises(DataError, match="damaged"):
        decode(bytes(data))


def test_an_animated_png_is_refused():
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    with pytest.raises(DataError, match="animated"):
        decode(saved(frames[0], save_all=True, append_images=frames[1:]))


def test_monochrome1_is_inverted_within_its_stored_bits():
    stored = np.array([[0, 1000], [4095, 7]], dtype=np.uint16)
    found = decode(dicom(stored, "MONOCHROME1", BitsStored=12))
    np.testing.assert_array_equal(found[0, ..., 0], 4095 - stored.astype(int))


def test_a_signed_ct_is_in_hounsfield_units_and_its_padding_is_air():
    stored = np.array([[-2000, 0], [100, 2000]], dtype=np.int16)
    data = dicom(stored, RescaleSlope=1, RescaleIntercept=-1024, PixelPaddingValue=-2000)
    np.testing.assert_array_equal(decode(data)[0, ..., 0], [[-1024, -1024], [-924, 976]])


def test_a_fractional_rescale_gives_float32():
    found = decode(dicom(np.array([[1, 2]], dtype=np.uint16), RescaleSlope=0.5, RescaleIntercept=0))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0, ..., 0], [[0.5, 1.0]])


def test_frames_stay_in_order():
    stored = np.random.default_rng(0).integers(0, 99, (5, 3, 4), dtype=np.uint8)
    np.testing.assert_array_equal(decode(dicom(stored))[..., 0], stored)


SAME = ["RLE", "bigendian", "implicit", "jp2klossless", "jpeg_ls_lossless", "padded"]


@pytest.mark.parametrize("syntax", SAME)
def test_one_image_in_many_transfer_syntaxes(syntax):
    plain = decode(sample("MR_small.dcm"))
    assert plain.shape == (1, 64, 64, 1) and (plain.min(), plain.max()) == (127, 2145)
    np.testing.assert_array_equal(decode(sample(f"MR_small_{syntax}.dcm")), plain)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("MR_truncated.dcm", "damaged or truncated"),
        ("badVR.dcm", "damaged or truncated"),
        ("no_meta.dcm", "not a PNG, JPEG, DICOM or NIfTI"),
        ("reportsi.dcm", "without an image"),
        ("rtplan.dcm", "without an image"),
        ("rtdose_1frame.dcm", "more than 16 bits"),
    ],
)
def test_a_dicom_that_holds_no_usable_image_is_refused(name, reason):
    with pytest.raises(DataError, match=reason):
        decode(sample(name))


def test_a_nifti_volume_lies_as_axial_dicom_slices_do():
    voxels = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)  # right, anterior, superior
    volume = nibabel.Nifti1Image(voxels, np.eye(4))
    found = decode(volume.to_bytes())
    assert found.shape == (4, 3, 2, 1)
    for x, y, z in np.ndindex(2, 3, 4):
        assert found[z, 2 - y, 1 - x, 0] == voxels[x, y, z]
    np.testing.assert_array_equal(decode(gzip.compress(volume.to_bytes())), found)


def test_nifti_of_another_orientation_gives_the_same_volume():
    voxels = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    volume = nibabel.Nifti1Image(voxels, np.eye(4))
    turned = volume.as_reoriented(nibabel.orientations.axcodes2ornt(("S", "L", "A")))
    assert turned.shape != volume.shape
    np.testing.assert_array_equal(decode(turned.to_bytes()), decode(volume.to_bytes()))


def test_nifti_scaling_and_nan():
    voxels = np.array([1.5, np.nan, -2.0], dtype=np.float32).reshape(1, 1, 3)
    found = decode(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes())
    np.testing.assert_array_equal(found.ravel(), [1.5, -2.0, -2.0])
    scaled = nibabel.Nifti1Image(np.ones((1, 1, 2), dtype=np.int16), np.eye(4))
    scaled.header.set_slope_inter(2.0, 10.0)
    assert decode(scaled.to_bytes()).ravel().tolist() == [12.0, 12.0]


def test_a_nifti_of_several_times_is_refused():
    volume = nibabel.Nifti1Image(np.zeros((2, 2, 2, 5), dtype=np.int16), np.eye(4))
    with pytest.raises(DataError, match="4 axes"):
        decode(volume.to_bytes())


def test_a_header_that_announces_too_much_is_not_followed():
    header = nibabel.Nifti1Image(np.zeros((2, 2, 2), dtype=np.int16), np.eye(4)).header.copy()
    header.set_data_shape((30_000, 30_000, 30_000))
    with pytest.raises(DataError, match="too many pixels"):
        decode(gzip.compress(header.binaryblock + bytes(8)))
    with pytest.raises(DataError, match="too many pixels"):
        decode(dicom(np.zeros((1, 1), np.uint8), NumberOfFrames=2**30))
    with pytest.raises(DataError, match="too many pixels"):
        decode(saved(Image.new("1", (20_000, 20_000))))
    with pytest.raises(DataError, match="too many pixels"):  # whatever a manifest says of it
        decode(saved(Image.new("1", (20_000, 20_000))), scanned=True)


def test_what_a_scan_has_passed_decodes_alike_without_a_second_look():
    for data in (saved(Image.fromarray(GREY)), saved(Image.fromarray(COLOUR), "JPEG")):
        np.testing.assert_array_equal(decode(data, scanned=True), decode(data))


def test_noise_after_any_magic_bytes_is_refused():
    rng = np.random.default_rng(0)
    heads = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", bytes(128) + b"DICM", bytes(344) + b"n+1\0"]
    for head in heads:
        for size in (0, 1, 50, 600):
            with pytest.raises(DataError):
                decode(head + rng.bytes(size))
