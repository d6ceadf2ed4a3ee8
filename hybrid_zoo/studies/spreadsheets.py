"""Text from a cohort in a file that a spreadsheet opens: it must never run as a formula."""

_STARTERS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    Args:
        text: A name or a level of a cohort; it may hold anything.

    Returns:
        The same, behind an apostrophe where it starts like a formula, or like one made safe.

    Source:
        OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith((*_STARTERS, "'")) else text


def plain_cell(text: str) -> str:
    """Return the text that `safe_cell` was given.

    Args:
        text: Its result.
    """
    return text.removeprefix("'")
