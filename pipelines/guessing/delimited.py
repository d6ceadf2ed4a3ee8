"""Text tables whose encoding and separator nobody wrote down."""

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import DataError

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LOOK = 60  # lines that decide the separator
_HINT = "sep="  # a first line with which Excel is told the separator


def read_delimited(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a text table as it stands.

    Args:
        path: `.csv`, `.tsv` or `.txt`, with `.gz` behind it or not.

    Returns:
        All cells as text, `""` where empty, columns numbered from 0; and what was found out.

    Raises:
        DataError: If the file is empty or no text.
    """
    text, notes = _decoded(path)
    if not text.strip():
        raise DataError(f"{path} is empty; expected a table with a row of column names.")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith(_HINT):
        text = rest
        notes.append("its first line only tells Excel the separator: left out")
    separator = _separator(text)
    if separator != ",":
        notes.append(f"cells are separated by {_SEPARATORS[separator]}")
    return _cells(text, separator, path), notes


def _decoded(path: Path) -> tuple[str, list[str]]:
    data = _bytes(path)
    marked = [name for mark, name in _BOMS.items() if data.startswith(mark)]
    why = "it begins with a byte-order mark" if marked else "it is not UTF-8"
    for encoding in marked or _likely(data):
        try:
            text = data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
        plain = encoding == "utf-8"
        return text, [] if plain else [f"{why}: read as {encoding.removesuffix('-sig')}"]
    raise DataError(f"{path} is not text in UTF-8, UTF-16 or Windows-1252; save it as CSV UTF-8.")


def _bytes(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__}).") from None


def _likely(data: bytes) -> list[str]:
    """Text of Western letters in UTF-16 has a zero in every second byte."""
    head = data[:4000]
    if head.count(0) > len(head) // 4:
        return ["utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"]
    return [] if 0 in head else ["utf-8", "cp1252", "latin-1"]


def _separator(text: str) -> str:
    """Choose the separator that gives most lines the same number of cells, and the most cells."""
    lines = [line for line in text[:200_000].split("\n")[: _LOOK + 1] if line.strip()][:_LOOK]
    return max(_SEPARATORS, key=lambda separator: _agreement(lines, separator))


def _agreement(lines: list[str], separator: str) -> tuple[float, int]:
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
    width, number = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    return (round(number / sum(widths.values()), 1) if width > 1 else 0.0, width)


def _cells(text: str, separator: str, path: Path) -> pd.DataFrame:
    """Read all cells; a row that is longer than the first ones makes the table wider."""
    head = list(csv.reader(io.StringIO(text[:200_000]), delimiter=separator))
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=range(max(map(len, head))),
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            index_col=False,
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        except csv.Error as error:
            raise DataError(f"{path} cannot be read as a table ({error}).") from None
        frame = pd.DataFrame(rows)
    return frame.fillna("").astype(str)
