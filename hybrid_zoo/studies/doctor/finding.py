"""One line of what `hybrid-zoo doctor` found."""

from dataclasses import dataclass

FINE, OPTIONAL, ADVICE, WRONG = "ok", "optional", "advice", "wrong"
"""As it should be; not there and not needed; works, but could be better; needed and not there."""


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it.

    Args:
        part: The heading that it stands under.
        name: What was looked at.
        found: What was found, in words.
        state: `ok`, `optional`, `advice` or `wrong`.
        mend: The command or setting that mends it; empty where nothing is to be done.
    """

    part: str
    name: str
    found: str
    state: str = FINE
    mend: str = ""
