"""Ids inside file names: `P001_view2.png` is a picture of patient `P001`, or of `1`."""

import re
from collections import Counter, defaultdict

import pandas as pd

_DISTINCT = 4  # characters: a shorter id may stand elsewhere in a name by chance
_ENOUGH = 0.5  # of the files matched, zeros in front counted as they are

Token = tuple[str, ...]
Place = tuple[int, int, int]


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
    rows: dict[Token, list[int]] = defaultdict(list)
    for row, cell in enumerate(column):
        token = _split(cell, zeros=zeros) if isinstance(cell, str) else ()
        if token:
            rows[token].append(row)
    longest = max(map(len, rows), default=0)
    hits = {name: _hits(name, rows, longest, zeros=zeros) for name in names}
    ids: dict[Place, set[Token]] = defaultdict(set)
    for found in hits.values():
        for place, token in found:
            ids[place].add(token)
    rank = Counter({place: len(tokens) for place, tokens in ids.items()})
    most = max(rank.values(), default=0)
    best = {place for place, number in rank.items() if number == most}
    pairs = []
    for name, found in hits.items():
        sure = [(p, t) for p, t in found if p in best or len("".join(t)) >= _DISTINCT]
        if sure:
            _, token = max(sure, key=lambda hit: (len(hit[1]), rank[hit[0]]))
            pairs += [(row, name) for row in rows[token]]
    return pairs


def _split(text: str, *, zeros: bool) -> Token:
    """Split into runs of letters and of digits."""
    tokens = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    return tuple(tokens if zeros else [token.lstrip("0") or token for token in tokens])


def _hits(
    name: str, rows: dict[Token, list[int]], longest: int, *, zeros: bool
) -> list[tuple[Place, Token]]:
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
