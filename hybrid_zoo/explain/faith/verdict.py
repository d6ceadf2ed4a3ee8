"""What the checks of an explanation method found on one model."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check.

    Args:
        value: What was measured.
        bar: What it is held against.
        passed: Whether it is on the right side of it.
        words: The finding as a sentence without its full stop.
    """

    value: float
    bar: float
    passed: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All checks of one method on one model.

    Args:
        method: Its name.
        result: Name of the array that was checked, such as "image".
        target: Name of the target.
        patients: How many were looked at.
        checks: Name to check.
    """

    method: str
    result: str
    target: str
    patients: int
    checks: dict[str, Check]

    @property
    def passed(self) -> bool:
        """Whether every check was passed."""
        return all(check.passed for check in self.checks.values())

    @property
    def finding(self) -> str:
        """What was found, as a sentence that does not name the method."""
        failed = [check.words for check in self.checks.values() if not check.passed]
        of = f"{self.patients} patients of {self.target}"
        if not failed:
            return f"passed {len(self.checks)} checks on {of}."
        return f"not to be trusted, by checks on {of}: {'; '.join(failed)}."

    @property
    def words(self) -> str:
        """The same with the method's name and that of the array."""
        return f"{self.method} of {self.result}: {self.finding}"
