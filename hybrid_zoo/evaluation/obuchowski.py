"""Covariance of correlated AUROCs when patients give several samples each."""

import numpy as np

from hybrid_zoo.evaluation.delong import placements


def obuchowski_covariance(
    labels: np.ndarray, scores: np.ndarray, patients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUROCs and their covariance with rows clustered in patients.

    A patient may have events, non-events or both. With one row per patient this is DeLong's
    covariance.

    Args:
        labels: `(rows,)` 0 or 1, each in at least two patients.
        scores: `(models, rows)`, higher means more likely 1.
        patients: `(rows,)` the cluster of each row.

    Returns:
        AUROCs `(models,)` and their covariance `(models, models)`.

    Source:
        Obuchowski 1997, Biometrics 53:567, section 2: S10 and S01 over the I10 and I01 clusters
        that hold events and non-events, S11 over all I clusters, each with its I/(I-1).
    """
    areas, v10, v01 = placements(labels, scores)
    names, cluster = np.unique(patients, return_inverse=True)
    events = np.asarray(labels) == 1
    case = _cluster_sums(v10 - areas[:, None], cluster[events], len(names))
    other = _cluster_sums(v01 - areas[:, None], cluster[~events], len(names))
    m, n = v10.shape[1], v01.shape[1]
    i10, i01 = len(np.unique(cluster[events])), len(np.unique(cluster[~events]))
    s10 = i10 / ((i10 - 1) * m) * (case @ case.T)
    s01 = i01 / ((i01 - 1) * n) * (other @ other.T)
    s11 = len(names) / (len(names) - 1) * (case @ other.T)
    return areas, s10 / m + s01 / n + (s11 + s11.T) / (m * n)


def _cluster_sums(values: np.ndarray, cluster: np.ndarray, clusters: int) -> np.ndarray:
    """Sum `(models, rows)` within clusters, to `(models, clusters)`."""
    return np.array([np.bincount(cluster, row, clusters) for row in values])
