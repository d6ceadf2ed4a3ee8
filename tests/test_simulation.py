import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import label
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler

from hybrid_zoo.errors import CohortError, ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.lesions import lesion_masks
from hybrid_zoo.pipelines.simulation import CEILINGS, SHORTCUT_CEILINGS, ceilings, simulate
from hybrid_zoo.pipelines.simulation_truth import (
    EFFECTS,
    best_risk,
    draw_labels,
    draw_latents,
    expected_auroc,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("simulated"), patients=300)


@pytest.fixture(scope="module")
def cohort(folder):
    return Cohort.read(folder)


def _best_of_one(latent, risk):
    """AUROC of the risk averaged over patients of nearly equal `latent`."""
    order = np.argsort(latent)
    share = np.empty(len(risk))
    share[order] = np.repeat([part.mean() for part in np.split(risk[order], 500)], len(risk) // 500)
    return expected_auroc(share, risk)


@pytest.mark.parametrize(("stated", "shortcut"), [(CEILINGS, False), (SHORTCUT_CEILINGS, True)])
def test_independent_patients_confirm_every_stated_ceiling(stated, shortcut):
    measured = ceilings(400_000, seed=97, shortcut=shortcut)
    assert measured == pytest.approx(stated, abs=0.005)


def test_drawn_outcomes_confirm_the_ceilings_too():
    rng = np.random.default_rng(98)
    latents = draw_latents(200_000, rng, wearables=True)
    for target, stated in CEILINGS.items():
        labels = draw_labels(EFFECTS[target], latents, rng)
        risk = best_risk(EFFECTS[target], latents)
        assert roc_auc_score(labels, risk) == pytest.approx(stated, abs=0.005)
        assert 0.35 < labels.mean() < 0.5


@pytest.mark.parametrize(
    ("target", "least", "most"),
    [("cardiovascular", 0.10, 0.14), ("cancer", 0.08, 0.13), ("diabetes", -0.001, 0.001)],
)
def test_fusing_gains_as_much_over_the_best_modality_as_each_target_is_made_for(
    target, least, most
):
    latents = draw_latents(200_000, np.random.default_rng(99), wearables=True)
    risk = best_risk(EFFECTS[target], latents)
    single = max(_best_of_one(latents.image, risk), _best_of_one(latents.labs, risk))
    assert least <= expected_auroc(risk, risk) - single <= most


@pytest.mark.parametrize(("target", "least"), [("cardiovascular", 0.05), ("cancer", -0.001)])
def test_only_the_interaction_is_out_of_reach_of_an_additive_combination(target, least):
    rng = np.random.default_rng(100)
    latents = draw_latents(50_000, rng, wearables=True)
    risk = best_risk(EFFECTS[target], latents)
    worn = np.where(latents.wears, latents.wearable, 0)
    columns = np.stack([latents.image, latents.labs, worn, latents.age], axis=1)
    additive = make_pipeline(SplineTransformer(8), LogisticRegression(max_iter=1000))
    additive.fit(columns, draw_labels(EFFECTS[target], latents, rng))
    gap = expected_auroc(risk, risk) - expected_auroc(additive.decision_function(columns), risk)
    assert least <= gap <= (0.003 if target == "cancer" else 0.15)


def _summaries(arrays):
    """The simplest reading of each modality: field against frame, and mean laboratory values."""
    image = arrays.inputs["image"][..., 0]
    field, frame = image[:, :, 10:38, 6:42].mean((1, 2, 3)), image[:, :, :4].mean((1, 2, 3))
    labs = StandardScaler().fit_transform(np.nanmean(arrays.inputs["sequence"], axis=1))
    return field - frame, labs @ np.array([1.0, 1.0, 1.0, -1.0])


def test_pictures_and_series_show_the_latent_illness_almost_without_loss(cohort):
    latents = draw_latents(300, np.random.default_rng([0, 0]), wearables=True)
    image, labs = _summaries(cohort.to_arrays())
    assert np.corrcoef(image, latents.image)[0, 1] > 0.99
    assert np.corrcoef(labs, latents.labs)[0, 1] > 0.99


def test_a_simple_model_of_the_interaction_comes_near_the_ceiling_from_800_patients(tmp_path):
    cohort = Cohort.read(simulate(tmp_path, patients=1200, seed=3))
    arrays = cohort.to_arrays()
    columns = np.stack(_summaries(arrays), axis=1)
    latents = draw_latents(1200, np.random.default_rng([3, 0]), wearables=True)
    risk = best_risk(EFFECTS["cardiovascular"], latents)
    labels, train = arrays.labels["cardiovascular"], (cohort.samples["split"] == "train").to_numpy()
    seen = train & ~np.isnan(labels)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression())
    model.fit(columns[seen], labels[seen])
    score = model.predict_proba(columns)[:, 1]
    reached, best = (expected_auroc(s[~train], risk[~train]) for s in (score, risk))
    assert reached > best - 0.02


def test_the_cohort_has_the_shape_it_is_described_with(cohort, folder):
    assert cohort.config.simulated and len(cohort.quarantine) == 0 and not cohort.dropped
    assert (cohort.images.groupby("sample_id").size() == 3).all()
    wearers = cohort.events.query("modality == 'sequence_wearable'")["sample_id"].nunique()
    assert wearers == 150 and cohort.samples["site"].nunique() == 3
    assert cohort.samples["split"].value_counts().to_dict() == {"train": 200, "test": 100}
    unknown = cohort.samples[list(CEILINGS)].isna().mean()
    assert ((unknown > 0) & (unknown <= 0.1)).all()
    assert json.loads((folder / "ceilings.json").read_text()) == CEILINGS


def test_what_is_missing_tells_nothing(cohort):
    counts = cohort.events.query("modality == 'sequence'").groupby("sample_id").size()
    for target in CEILINGS:
        known = cohort.samples[target].dropna()
        assert 0.4 < roc_auc_score(known, counts.reindex(known.index)) < 0.6


def test_the_masks_show_where_the_bright_patches_are(cohort):
    masks, pictures = lesion_masks(cohort), cohort.to_arrays().inputs["image"][:][..., 0]
    assert masks.shape == pictures.shape and 0.03 < masks.mean() < 0.12
    fields = np.zeros_like(masks)
    fields[:, :, 12:37, 8:41] = True
    assert pictures[masks].mean() > pictures[fields & ~masks].mean() + 20
    sizes = {label(mask)[1] for mask in masks.reshape(-1, *masks.shape[2:])}
    assert sizes <= {1, 2}  # two patches, which may touch


def test_masks_that_are_not_there_are_missed_by_name(folder, cohort, tmp_path):
    images = cohort.images.drop(columns="lesion")
    with pytest.raises(CohortError, match="no column 'lesion' with the paths of masks"):
        lesion_masks(dataclasses.replace(cohort, images=images))
    gone = cohort.images.assign(lesion="lesions/gone.png")
    with pytest.raises(CohortError, match=r"column 'lesion': gone\.png cannot be read"):
        lesion_masks(dataclasses.replace(cohort, images=gone))
    away = cohort.images.assign(lesion="../mask.png")
    with pytest.raises(CohortError, match=r"\.\./mask\.png lies outside of the cohort folder"):
        lesion_masks(dataclasses.replace(cohort, images=away))


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    folders = [
        simulate(tmp_path / str(n), patients=60, seed=seed) for n, seed in enumerate([5, 5, 6])
    ]
    written = [
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders
    ]
    assert written[0] == written[1] and len(written[0]) == 365
    assert written[0] != written[2]


def test_in_the_trap_the_view_gives_the_target_away_and_shows_in_the_picture(tmp_path):
    cohort = Cohort.read(simulate(tmp_path, patients=600, shortcut=True))
    known = cohort.samples.dropna(subset=["icu"])
    portable = known["view"] == "AP"
    assert roc_auc_score(known["icu"], portable) == pytest.approx(0.8, abs=0.05)
    corners = cohort.to_arrays().inputs["image"][:, 0, 0, 0, 0]
    assert ((corners < 60) == (cohort.samples["view"] == "AP").to_numpy()).all()
    assert cohort.config.shortcuts == ("view",) and "view" not in cohort.config.tabular


def test_too_few_patients_or_a_used_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least 60"):
        simulate(tmp_path / "few", patients=10)
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "mine.csv")
    with pytest.raises(CohortError, match="empty folder"):
        simulate(tmp_path)


def test_progress_counts_every_patient(tmp_path):
    seen = []
    simulate(tmp_path, patients=60, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 60) for n in range(1, 61)]
