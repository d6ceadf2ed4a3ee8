"""Ids inside file names: `P001_view2.png` is a picture of patient `P001`, or of `1`."""

import re
from collections import defaultdict
from collections.abc import Iterable

import pandas as pd

_DISTINCT = 4  # characters: a shorter id may stand elsewhere in a name by chance
_ENOUGH = 0.5  # of the files matched, zeros in front counted as they are

Token = tuple[str, ...]
Place = tuple[int, int, int]
Hit = tuple[Place, Token]


def match_tokens(names: list[str], column: pd.Series) -> list[tuple[int, str]]:
    """Find the rows whose id stands in a file's name or folders as words of its own.

    Where in the name the id stands is learnt from all files: it is the place at which most
    different ids are found, so that the 2 of `view2` is not taken for patient 2. At other places
    only an id of four characters or more is believed.

    Args:
        names: Of the files, with folders.
        column: Ids, NaN where unknown.

    Returns:
        Position of the row and name of the file.
    """
    exact = _matched(names, column, zeros=True)
    if len(exact) >= _ENOUGH * len(names):
        return exact
    return max(exact, _matched(names, column, zeros=False), key=len)


def _matched(names: list[str], column: pd.Series, *, zeros: bool) -> list[tuple[int, str]]:
    rows = _by_id(column, zeros=zeros)
    longest = max(map(len, rows), default=0)
    hits = {name: _hits(name, rows, longest, zeros=zeros) for name in names}
    rank = _ranked(hit for found in hits.values() for hit in found)
    best = max(rank.values(), default=0)

    def sure(hit: Hit) -> bool:
        return rank[hit[0]] == best or len("".join(hit[1])) >= _DISTINCT

    pairs = []
    for name, found in hits.items():
        believed = max(filter(sure, found), key=lambda h: (len(h[1]), rank[h[0]]), default=None)
        pairs += [(row, name) for row in rows[believed[1]]] if believed else []
    return pairs


def _by_id(column: pd.Series, *, zeros: bool) -> dict[Token, list[int]]:
    rows: dict[Token, list[int]] = defaultdict(list)
    for row, cell in enumerate(column.fillna("")):
        rows[_split(cell, zeros=zeros)].append(row)
    rows.pop((), None)
    return rows


def _ranked(hits: Iterable[Hit]) -> dict[Place, int]:
    """Count the different ids that are found at each place."""
    ids: dict[Place, set[Token]] = defaultdict(set)
    for place, token in hits:
        ids[place].add(token)
    return {place: len(tokens) for place, tokens in ids.items()}


def _split(text: str, *, zeros: bool) -> Token:
    """Split into runs of letters and of digits."""
    tokens = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    return tuple(tokens if zeros else [token.lstrip("0") or token for token in tokens])


def _hits(name: str, rows: dict[Token, list[int]], longest: int, *, zeros: bool) -> list[Hit]:
    """Return place (folder counted from the file, word, number of words) and id of every match."""
    stem = re.sub(r"(\.nii)?\.[A-Za-z]{2,5}(\.gz)?$", "", name)
    found = []
    for depth, part in enumerate(reversed(stem.split("/"))):
        tokens = _split(part, zeros=zeros)
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + longest, len(tokens)) + 1):
                if tokens[start:end] in rows:
                    found.append(((depth, start, end - start), tokens[start:end]))
    return found
