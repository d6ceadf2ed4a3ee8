"""The hybrid as a scikit-learn classifier over a DataFrame of columns, image paths and notes."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from hybrid_zoo import HybridClassifier
from hybrid_zoo.errors import ConfigError

pytestmark = pytest.mark.usefixtures("quick_fits")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Ninety rows whose class is told by a bright square, a column, and a word; indexed oddly."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    y = rng.permutation(np.resize([0, 1], 90))
    for k in range(90):
        pixels = rng.normal(100, 10, (16, 16))
        pixels[4:10, 4:10] += 70 * y[k]
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{k}.png")
    frame = pd.DataFrame(
        {
            "age": rng.normal(60, 8, 90) + 8 * y,
            "sex": rng.choice(["f", "m"], 90),
            "xray": [f"{k}.png" for k in range(90)],
            "report": np.where(y == 1, "opacity left", "clear lungs"),
        },
        index=rng.permutation(90) + 500,
    )
    frame.loc[frame.index[:9], "xray"] = None
    return folder, frame, np.where(y == 1, "ill", "well")


def classifier(folder, **changed):
    given = {
        "images": ["xray"],
        "notes": ["report"],
        "size": (16, 16),
        "model": {"units": 8},
        "epochs": 6,
    }
    return HybridClassifier(folder=folder, **given | changed)


@pytest.mark.slow  # quick enough, but the README's own lines cross-validate it too
def test_it_works_in_cross_val_score_and_survives_clone(table):
    folder, frame, y = table
    one = classifier(folder)
    assert clone(one).get_params() == one.get_params()
    assert cross_val_score(one, frame, y, cv=2, scoring="roc_auc").min() > 0.8


def test_a_fit_predicts_by_name_whatever_the_order_and_whatever_is_missing(table):
    folder, frame, y = table
    first = classifier(folder, epochs=2).fit(frame, y)
    found = first.predict_proba(frame)
    assert list(first.classes_) == ["ill", "well"] and found.shape == (90, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    shuffled = frame.iloc[::-1][["report", "xray", "sex", "age"]]
    np.testing.assert_allclose(first.predict_proba(shuffled)[::-1], found, atol=1e-6)
    few = first.predict_proba(frame.iloc[:3].assign(sex="x", xray=None, report=None))
    assert few.shape == (3, 2) and np.isfinite(few).all()
    assert set(first.predict(frame)) <= {"ill", "well"}


def test_the_same_seed_gives_the_same_predictions(table):
    _, frame, y = table
    columns = frame[["age", "sex"]]
    fits = [HybridClassifier(epochs=2, random_state=s).fit(columns, y) for s in (1, 1, 2)]
    one, again, other = (fit.predict_proba(columns) for fit in fits)
    assert (one == again).all() and (one != other).any()


def test_one_bad_file_is_a_warning_and_three_classes_are_three(table):
    folder, frame, y = table
    broken = frame.assign(xray=["nowhere.png", *frame["xray"][1:]])
    stage = np.where(frame["age"] > 66, "late", y)
    with pytest.warns(UserWarning, match="1 cells or files cannot be used"):
        fitted = classifier(folder, epochs=1).fit(broken, stage)
    assert fitted.predict_proba(frame).shape == (90, 3)


def test_patients_stay_together_and_rows_without_a_class_are_left_out(table, monkeypatch):
    _, frame, y = table
    from hybrid_zoo.studies import classifier as module

    seen = []
    hold_back = module.hold_back

    def spied(rows, labels, patients, **options):
        parts = hold_back(rows, labels, patients, **options)
        seen.append([set(patients[part]) for part in parts])
        return parts

    monkeypatch.setattr(module, "hold_back", spied)
    y = y.astype(object)
    y[:4] = None
    columns = frame[["age", "sex"]]
    HybridClassifier(model={"units": 4, "tabular": "mlp"}, epochs=1).fit(
        columns, y, groups=np.arange(90) // 2
    )
    ((fitted, watched),) = seen
    assert not fitted & watched and len(fitted | watched) == 43


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.to_numpy(), "expected a pandas DataFrame"),
        (lambda x: x.drop(columns="xray"), r"no column \['xray'\]"),
        (lambda x: x.assign(born=pd.Timestamp("1950-01-01")), r"columns \['born'\] hold dates"),
    ],
)
def test_what_is_no_table_of_the_kind_is_refused(table, change, message):
    folder, frame, y = table
    with pytest.raises(ConfigError, match=message):
        classifier(folder).fit(change(frame), y)


def test_one_class_is_refused(table):
    folder, frame, _ = table
    with pytest.raises(ConfigError, match="y has 1 class"):
        classifier(folder).fit(frame, ["ill"] * 90)


def test_an_unknown_key_or_name_of_the_model_is_refused(table):
    folder, frame, y = table
    with pytest.raises(ConfigError, match=r"unknown key 'unit'\. Did you mean 'units'"):
        classifier(folder, model={"unit": 8}).fit(frame, y)
    with pytest.raises(ConfigError, match="paper_cnn"):
        classifier(folder, model={"image": "papercnn"}).fit(frame, y)
