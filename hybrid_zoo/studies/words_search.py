"""What a search is said to have done, in sentences, captions and text alternatives."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from hybrid_zoo.studies.search_files import MOST, Search, best_epoch, parameter_name
from hybrid_zoo.studies.words_numbers import counted, listed, number, whole

_OBJECTIVES = {"auroc": "AUROC"}


def objective_name(objective: str) -> str:
    """Return the name of an objective for people.

    Args:
        objective: As in `summary.json`.
    """
    return _OBJECTIVES.get(objective, objective)


def value_text(value: Any) -> str:
    """Write the value of a hyperparameter.

    Args:
        value: A number, a name, True or False; NaN where a trial did not have it.
    """
    if pd.isna(value):
        return number(None)
    if not isinstance(value, float):
        return str(value)
    # A column with gaps turns 1024 into 1024.0, which is not to read 1.02e+03.
    return f"{value:.0f}" if value.is_integer() and value < 1e6 else f"{value:.3g}"


def search_in_words(searches: Sequence[Search]) -> list[str]:
    """Say what the searches of one network cost, what they left out, and what they chose.

    Args:
        searches: Of one network, one per round.

    Returns:
        Sentences.
    """
    said = [_cost(searches), *_left_out(searches)]
    if len(searches) == 1:
        said.append(_choice(searches[0]))
    return said


def _cost(searches: Sequence[Search]) -> str:
    fits = sum(search.summary["fits"] for search in searches)
    seconds = sum(search.summary["seconds"] for search in searches)
    each = searches[0].summary
    tried = max(len(search.trials) for search in searches)
    what = "The prespecified configuration" if tried == 1 else counted(tried, "configuration")
    rounds = f" in each of {len(searches)} rounds" if len(searches) > 1 else ""
    return (
        f"{what} over {counted(each['folds'], 'fold')}{rounds}: {counted(fits, 'finished fit')} in "
        f"{whole(seconds)} seconds."
    )


def _left_out(searches: Sequence[Search]) -> list[str]:
    status = pd.concat([search.trials["status"] for search in searches]).value_counts()
    untried = sum(search.summary["untried"] for search in searches)
    said = []
    if stopped := int(status.get("stopped", 0)):
        verb = "was" if stopped == 1 else "were"
        said.append(f"{counted(stopped, 'trial')} {verb} stopped after a fold that left no hope.")
    if failed := int(status.get("failed", 0)):
        said.append(f"{counted(failed, 'trial')} failed, such as by leaving the finite numbers.")
    if untried:
        verb = "was" if untried == 1 else "were"
        said.append(f"{counted(untried, 'trial')} {verb} not begun: the time budget was used up.")
    return said


def _choice(search: Search) -> str:
    best, name = search.summary["best"], objective_name(search.summary["objective"])
    if best is None:
        return "No trial ran all folds, so that none was chosen."
    mean = f"mean {name} {number(best['mean'])} (SD {number(best['sd'])} between folds)"
    if len(search.trials) == 1:
        return f"Its {mean}."
    values = listed([f"{key} {value_text(value)}" for key, value in best["config"].items()])
    return (
        f"Chosen: trial {best['trial']}, {mean}, with {values}. The best of several means is too "
        "good an estimate of itself."
    )


def parameter_words(search: Search) -> dict[str, str]:
    """Write heading, caption and text alternative of the figure of the parameters.

    Args:
        search: A finished search.
    """
    name = objective_name(search.summary["objective"])
    names = {column: parameter_name(column) for column in search.drawn}
    best = search.trials.loc[search.best] if search.best else pd.Series()
    values = [f"{names[c]} {value_text(best[c])}" for c in names if c in best]
    at = f" The chosen trial has {listed(values)}." if values else ""
    return {
        "heading": "Score against each parameter.",
        "caption": f"Every point is a trial at its mean {name} over the folds; lines: one standard "
        "deviation of its folds either way. A trial stands in a panel only if it has that "
        "parameter; failed trials are in the table alone.",
        "alt": f"Scatter plots of the mean {name} against {listed(list(names.values()))}.{at}",
    }


def learning_words(search: Search) -> dict[str, str]:
    """Write heading, caption and text alternative of the figure of learning curves.

    Args:
        search: A finished search.
    """
    folds = search.chosen_folds
    cut = f" The first {MOST} of {len(folds)} folds." if len(folds) > MOST else ""
    of_trial = f"of the chosen trial, {search.best}" if len(search.trials) > 1 else "of the fits"
    return {
        "heading": f"Learning curves {of_trial}.",
        "caption": "Early stopping watched the validation loss, on 15 % of the fold's training "
        "part; the fold that is scored was not looked at. Training loss is measured while the "
        f"weights still move, with dropout and auxiliary losses: it may lie above.{cut}",
        "alt": f"Line charts of training and validation loss. {_best_epochs(search)}",
    }


def _best_epochs(search: Search) -> str:
    said = [
        f"fold {fold} epoch {best[0]} of {len(rows)}"
        for fold, rows in search.chosen_folds[:MOST]
        if (best := best_epoch(rows))
    ]
    return f"Lowest validation loss: {', '.join(said)}." if said else ""
