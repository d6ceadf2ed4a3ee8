"""Prints what may be a leak."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid_zoo.studies.commands.console import console, print_lines

if TYPE_CHECKING:
    from hybrid_zoo.pipelines.alarms import Alarm
    from hybrid_zoo.pipelines.cohort import Cohort


def report_leaks(cohort: "Cohort", accepted: Sequence[str]) -> int:
    """Look for leaks and print each with what to do.

    Args:
        cohort: A checked cohort.
        accepted: Kinds, or `kind:where`, of leaks that are known and not printed.

    Returns:
        How many are left.
    """
    from hybrid_zoo.pipelines.alarms import find_leaks

    with console.status("Looking for leaks"):
        alarms = find_leaks(cohort)
    left = [alarm for alarm in alarms if not any(map(alarm.answers_to, accepted))]
    known = f", and {len(alarms) - len(left)} accepted" if len(left) < len(alarms) else ""
    print_lines([f"Possible leaks: {len(left) or 'none found'}{known}", *map(_lines, left)])
    if left:
        print_lines(
            ["Nothing was changed or left out. What is meant to be so: --accept KIND:WHERE"]
        )
    idle = [name for name in accepted if not any(alarm.answers_to(name) for alarm in alarms)]
    print_lines([f"Accepted, and not found: {name}" for name in idle])
    return len(left)


def leaks_in_short(cohort: "Cohort") -> list[str]:
    """Say how many possible leaks there are, if any; fills the store, which a study reads.

    Args:
        cohort: A checked cohort.
    """
    from hybrid_zoo.pipelines.alarms import find_leaks

    with console.status("Looking for leaks"):
        alarms = find_leaks(cohort, cohort.to_arrays())
    kinds = ", ".join(dict.fromkeys(alarm.kind for alarm in alarms))
    line = f"Possible leaks: {len(alarms)} ({kinds}); `hybrid-zoo validate` lists them"
    return [line] if alarms else []


def _lines(alarm: "Alarm") -> str:
    return f"  {alarm.kind}:{alarm.where}\n    {alarm.message}\n    To do: {alarm.advice}."
