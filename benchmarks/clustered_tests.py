"""How often do the paired AUROC tests err when nothing differs and patients give 1 to 22 samples?

Two models are equally good; labels and scores are correlated within a patient. A test at 5 % should
find a difference in 5 % of the simulations. `--quick` simulates 1,000 instead of 4,000 times.
"""

import argparse
import json

import numpy as np

from hybrid_zoo.evaluation.comparisons import clustered_test
from hybrid_zoo.evaluation.delong import delong_covariance, paired_test
from hybrid_zoo.evaluation.obuchowski import obuchowski_covariance

PATIENTS = (200, 71)
MOST_SAMPLES = 22
BAR = (0.04, 0.06)
TESTS = ("clustered", "clustered, normal reference", "plain DeLong")


def simulate(rng: np.random.Generator, patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw labels `(rows,)`, scores `(2, rows)` of equally good models and patients `(rows,)`."""
    # Half of the patients have one sample, the others a long tail: as in a ward's series of X-rays.
    many = 1 + rng.geometric(0.2, size=patients)
    sizes = np.minimum(np.where(rng.uniform(size=patients) < 0.5, 1, many), MOST_SAMPLES)
    patient = np.repeat(np.arange(patients), sizes)
    rows = len(patient)

    def within(share: float) -> np.ndarray:
        of_patient, of_row = rng.normal(size=patients)[patient], rng.normal(size=rows)
        return share**0.5 * of_patient + (1 - share) ** 0.5 * of_row

    labels = (within(0.8) > 0.25).astype(int)
    shared = within(0.6)
    scores = np.stack([labels + 0.5 * shared + within(0.5) for _ in range(2)])
    return labels, scores, patient


def p_values(labels: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> list[float]:
    """Return one p-value per entry of `TESTS`."""
    return [
        clustered_test(labels, scores, patient).p,
        paired_test(*obuchowski_covariance(labels, scores, patient)).p,
        paired_test(*delong_covariance(labels, scores)).p,
    ]


def largest_gap(rng: np.random.Generator) -> float:
    """Return the largest difference of the two covariances at one sample per patient."""
    gaps = []
    for _ in range(20):
        labels, scores, _ = simulate(rng, 71)
        plain = delong_covariance(labels, scores)[1]
        clustered = obuchowski_covariance(labels, scores, np.arange(len(labels)))[1]
        gaps.append(np.abs(plain - clustered).max())
    return float(max(gaps))


def main() -> None:
    """Run the simulations, print a table and, as the last line, the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 simulations instead of 4,000")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    simulations = 1000 if options.quick else 4000
    figures: dict[str, dict[str, object]] = {}
    print(f"{simulations} null simulations, 1-{MOST_SAMPLES} samples per patient, tests at 5 %")
    print(f"{'patients':>8}  {'test':<28}{'errs':>7}   95 % interval")
    for patients in PATIENTS:
        rng = np.random.default_rng([options.seed, patients])
        p = np.array([p_values(*simulate(rng, patients)) for _ in range(simulations)])
        for test, share in zip(TESTS, (p < 0.05).mean(axis=0), strict=True):
            reach = 1.96 * float(share * (1 - share) / simulations) ** 0.5
            low, high = float(share) - reach, float(share) + reach
            print(f"{patients:>8}  {test:<28}{share:7.1%}   {low:.1%} to {high:.1%}")
            judged = test == "clustered"  # the others stand beside it
            figures[f"{test}, {patients} patients"] = {
                "value": float(share), "low": low, "high": high, "bar": BAR if judged else None,
                "holds": bool(BAR[0] <= share <= BAR[1]) if judged else None,
            }  # fmt: skip
    gap = largest_gap(np.random.default_rng(options.seed))
    print(f"one sample per patient: covariances of the two tests differ by at most {gap:.1e}")
    figures["gap at one sample per patient"] = {
        "value": gap, "low": None, "high": None, "bar": 1e-9, "holds": gap <= 1e-9,
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
