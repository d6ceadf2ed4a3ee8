"""Answers that items of TRIPOD+AI, and the model card, take from a run."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hybrid_zoo.studies.report_files import Run
from hybrid_zoo.studies.words_models import modality_name
from hybrid_zoo.studies.words_numbers import counted, listed, whole


class Answer(NamedTuple):
    """How one item of the checklist is answered.

    Args:
        number: As in the checklist.
        section: Its part of an article.
        title: In our own words.
        says: What the run says; empty where it says nothing.
        lacks: What the author must state if the run says nothing, or add if it does.
        whole: Whether nothing need be added to what the run says.
    """

    number: str
    section: str
    title: str
    says: Callable[[Run], str]
    lacks: str
    whole: bool = False


def not_provided(what: str) -> str:
    """Say that a run cannot know something.

    Args:
        what: What the author must state.
    """
    return f"NOT PROVIDED: the author must state {what}."


def nothing(run: Run) -> str:
    """Answer an item that no run can.

    Args:
        run: The run.
    """
    return ""


def said(key: str) -> Callable[[Run], str]:
    """Answer with a free-text key of cohort.yaml.

    Args:
        key: Such as `population`.
    """
    return lambda run: str(run.cohort.get(key) or "")


def inputs_in_words(run: Run) -> str:
    """Name a run's modalities.

    Args:
        run: The run.
    """
    names = run.metrics.get("missing_modalities", {})
    return listed([modality_name(name).lower() for name in names]) if names else ""


def columns_in_words(run: Run) -> str:
    """Name the declared inputs of a run: columns, variables, pictures, notes.

    Args:
        run: The run.

    Returns:
        Such as "2 columns (age, sex); 4 variables of time series (...)"; empty if not known.
    """
    columns = list(run.cohort.get("tabular") or {})
    found = [f"{counted(len(columns), 'column')} ({listed(columns)})"] if columns else []
    for name, options in modalities_of(run):
        variables = list(options.get("variables") or {})
        named = f"{counted(len(variables), 'variable')} ({', '.join(variables)}) of "
        found.append(f"{named if variables else ''}{modality_name(name).lower()}")
    return "; ".join(found)


def windows_in_words(run: Run) -> str:
    """Say from when to when each input may be seen.

    Args:
        run: The run.
    """
    found = []
    for name, options in modalities_of(run):
        ends = [options.get(f"{side}_hours") for side in ("start", "end")]
        if ends != [None, None]:
            start, end = ("any" if hour is None else f"{hour:g}" for hour in ends)
            found.append(f"{modality_name(name).lower()}: hours {start} to {end}")
    return "; ".join(found)


def modalities_of(run: Run) -> list[tuple[str, Mapping[str, Any]]]:
    """List the declared series, pictures and notes with their options.

    Args:
        run: The run.
    """
    return [
        (name, options or {})
        for table in ("events", "images", "notes")
        for name, options in (run.cohort.get(table) or {}).items()
    ]


def outcomes_in_words(run: Run) -> str:
    """Name the targets and their kinds.

    Args:
        run: The run.
    """
    return listed([f"{name} ({_kind(block)})" for name, block in run.metrics["targets"].items()])


def sizes_in_words(run: Run) -> str:
    """Say, per target, how many samples were fitted on and scored, and with how many events.

    Args:
        run: The run.
    """
    return "; ".join(
        f"{name}: {whole(block.get('n_train'))} fitted on, {whole(block.get('n_test'))} scored"
        + (
            f", {whole(block.get('events'))} events, of which {whole(block['events_test'])} scored"
            if block.get("events_test") is not None
            else ""
        )
        for name, block in run.metrics["targets"].items()
    )


def levels_of(run: Run, kind: str) -> list[Mapping[str, Any]]:
    """List the rows of subgroups of one kind, of all targets.

    Args:
        run: The run.
        kind: "availability", "group" or "site".

    Returns:
        The rows, each with its target.
    """
    return [
        {**row, "target": target}
        for target, block in run.metrics["targets"].items()
        for row in block.get("subgroups") or ()
        if row["kind"] == kind
    ]


def _kind(block: Mapping[str, Any]) -> str:
    if block.get("kind") == "multiclass":
        return f"{len(block['classes'])} classes"
    return "yes or no"
