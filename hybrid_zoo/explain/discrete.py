"""What events do, and whatever else cannot be interpolated."""

import keras
import numpy as np

from hybrid_zoo.explain.baseline import fixed_columns
from hybrid_zoo.explain.case import Case, nothing, observed
from hybrid_zoo.explain.opened import column_of
from hybrid_zoo.explain.path import Path
from hybrid_zoo.layers.tabular_inputs import OneHotCodes
from hybrid_zoo.serving.rows import Arrays

Player = tuple[str, int | None]
"""A modality and one of its columns; None: all of it."""


def discrete_effects(case: Case, start: Arrays, path: Path) -> tuple[dict[str, np.ndarray], float]:
    """Return what is lost where events are taken from the baseline, and the logit that remains.

    Args:
        case: The patient.
        start: The baseline, with the patient's own events.
        path: From there to the patient.

    Returns:
        Modality to contributions in the shape of its input, a variable's effect in equal shares to
        its events, NaN where nothing was observed; and the logit without any event.
    """
    players = [p for name in case.present for p in _players(case, name)]
    orders = [players, players[::-1]]
    rows = [start] + [
        _without(start, order[: k + 1]) for order in orders for k in range(len(order))
    ]
    logits = path.logits_at_start(rows)
    effects: dict[str, np.ndarray] = {}
    for place, order in enumerate(orders):
        first = 1 + place * len(players)
        chain = [logits[0], *logits[first : first + len(players)]]
        for player, lost in zip(order, -np.diff(chain), strict=True):
            _share(effects, case.sample[player[0]][0], player, lost / 2)
    return effects, logits[-1]


def _players(case: Case, name: str) -> list[Player]:
    """Columns of events, and of codes that no one-hot layer reads; notes without an embedding."""
    x = case.sample[name][0]
    if x.dtype.kind in "iu":
        return [] if case.opened.layers(keras.layers.Embedding, name) else [(name, None)]
    interpolated = {column_of(step) for step in case.opened.layers(OneHotCodes, name)}
    columns = [k for k in fixed_columns(case, name) if k not in interpolated]
    return [(name, k) for k in columns if _cells(x, (name, k)).any()]


def _cells(x: np.ndarray, player: Player) -> np.ndarray:
    """Where an input holds what a player is: of an event also its 0 is read as none."""
    cells = observed(x)
    if player[1] is None:
        return cells
    return cells & (np.arange(x.shape[-1]) == player[1])


def _without(start: Arrays, players: list[Player]) -> Arrays:
    changed = {name: x.copy() for name, x in start.items()}
    for player in players:
        x = changed[player[0]]
        x[0][_cells(x[0], player)] = nothing(x)
    return changed


def _share(effects: dict[str, np.ndarray], x: np.ndarray, player: Player, amount: float) -> None:
    cells = _cells(x, player)
    before = effects.get(player[0], np.where(observed(x), 0.0, np.nan))
    effects[player[0]] = before + cells * amount / cells.sum()
