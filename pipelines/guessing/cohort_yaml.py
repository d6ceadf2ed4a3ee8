"""cohort.yaml with a comment behind every guess, to be read and corrected by a person."""

import math
from typing import Any

import yaml

from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.words import AGE, plain

MARK = "# Drafted by `hybrid-zoo init`"
"""How the first line of a drafted cohort.yaml begins."""

_WIDTH = 30  # where the comments of a block begin, at least


def to_yaml(draft: Draft) -> str:
    """Write a draft as cohort.yaml.

    Args:
        draft: What was found and guessed.
    """
    lines = [*_head(draft), "version: 1", f"name: {scalar(draft.name)}"]
    lines += _targets(draft) + _tabular(draft)
    lines += [f"{name}: {scalar(options)}  # {why}" for name, options, why in draft.modalities]
    for key in ("site", "split", "folds"):
        lines += [f"{key}: {scalar(n)}  # {r.why}" for n, r in draft.of_role(key).items()][:1]
    lines += _list("groups", {n: "reported apart" for n in draft.of_role("group")})
    lines += _list("scores", {n: r.why for n, r in draft.of_role("score").items()})
    lines += _list("shortcuts", draft.shortcuts())
    return "\n".join(lines) + "\n"


def _head(draft: Draft) -> list[str]:
    """Say what was done and what to look at."""
    lines = [f"{MARK} from: {', '.join(draft.sources)}", "# Everything here is a guess: read it."]
    lines += ["#", "# What was done to the files:", *_comments(draft.did or ["nothing"])]
    look = [f"{number}. {text}" for number, text in enumerate(draft.look, 1)]
    return [*lines, "#", "# What to look at:", *_comments(look or ["nothing"])]


def scalar(value: Any) -> str:
    """Write a value on one line of YAML.

    Args:
        value: Text, a number, a list or a dict.
    """
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=math.inf, sort_keys=False
    )
    return text.removesuffix("...\n").strip()


def _comments(lines: list[str]) -> list[str]:
    return [f"#   {' '.join(line.split())}" for line in lines]


def _block(key: str, entries: list[tuple[str, str]]) -> list[str]:
    """Lay entries out with their comments one below the other."""
    width = max([_WIDTH, *(len(text) for text, _ in entries if len(text) < 60)])
    return [f"{key}:", *(f"  {text:<{width}}  # {why}" for text, why in entries)]


def _list(key: str, names: dict[str, str]) -> list[str]:
    return _block(key, [(f"- {scalar(name)}", why) for name, why in names.items()]) if names else []


def _targets(draft: Draft) -> list[str]:
    entries = []
    for labels in draft.targets:
        kind = (
            {"kind": "multiclass", "classes": list(labels.classes)}
            if labels.classes
            else {"kind": "binary"}
        )
        known, rows = int(labels.values.notna().sum()), len(labels.values)
        entries.append(
            (f"{scalar(labels.name)}: {scalar(kind)}", f"{labels.note}; {known} of {rows} known")
        )
    return _block("targets", entries)


def _tabular(draft: Draft) -> list[str]:
    """Inputs first; below them, as comments, every column that is none, ready to be let in."""
    entries, out = [], []
    for name, column in draft.columns.items():
        role = draft.roles[name]
        if role.role == "target":
            continue
        text = f"{scalar(name)}: {scalar(_kind(column))}"
        seen = f"{column.known} of {column.rows} known, {column.why}"
        seen += f"; LOOK: {column.look}" if column.look else ""
        if role.role in ("input", "group"):
            entries.append((text, seen))
        else:
            out.append(f"  # {text}  # NOT AN INPUT: {role.why}; {seen}")
    head = _block("tabular", entries) if entries else []
    return [*head, *(["  # Columns that are no inputs:"] if out else []), *out]


def _kind(column: Column) -> dict[str, Any]:
    if column.kind != "numeric" or not math.isfinite(column.low):
        return {"kind": "numeric" if column.kind == "numeric" else "categorical"}
    low, high = plausible(column)
    return {"kind": "numeric", "range": [low, high]}


def plausible(column: Column) -> tuple[float, float]:
    """Return a range that holds all observed values, rounded outwards; of an age 0 to 120.

    Nothing that was seen is cut off; a later typing error is. Source: own design.

    Args:
        column: Numeric.
    """
    if AGE.search(plain(column.name)) and 0 <= column.low and column.high <= 120:
        return 0, 120
    span = max(abs(column.low), abs(column.high), 1e-9)
    unit = 10 ** math.floor(math.log10(span))
    low = 0 if column.low >= 0 else math.floor(column.low / unit * 1.5) * unit
    high = 0 if column.high <= 0 else math.ceil(column.high / unit * 1.5) * unit
    return _short(low), _short(high)


def _short(value: float) -> float:
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
