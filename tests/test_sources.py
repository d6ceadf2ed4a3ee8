import tarfile
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hybrid_zoo.errors import CohortError, ConfigError, DataError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import SOURCES, digits, hannover, physionet2012
from hybrid_zoo.studies.commands.prepare import prepare

NAMES = ["digits", "hannover", "medfuse", "meds", "mimic4", "mimic4_phenotypes", "physionet2012"]
LABS = ("crp", "d-dimer", "factor_xii", "ldh", "lymphocytes", "neutrophils", "pco2", "po2")


def _exam(patient, image, admitted, icu=None, released=None, projection="ap", **labs):
    row = {"patient_id": patient, "image_id": image, "sex": "f", "age": None}
    row |= {"admission_offset": admitted, "icu_admission_offset": icu}
    row |= {"icu_release_offset": released, "projection": projection}
    for name in LABS:
        offset, value = labs.get(name, (None, None))
        row |= {f"{name}_offset": offset, f"{name}_val": value}
    return row


@pytest.fixture
def radiographs(tmp_path):
    raw = tmp_path / "raw"
    (raw / "png").mkdir(parents=True)
    exams = [
        _exam("a", "a0", 0, icu=2, crp=(-1, 10.0), ldh=(0, 300.0)),
        _exam("a", "a1", -2, icu=0, crp=(1, 99.0), po2=(-1, 70.0)),
        _exam("a", "a2", -30, icu=-28, released=-20, crp=(-15, 5.0)),
        _exam("b", "b0", -3, icu=-1, released=0, crp=(-1, -np.inf), po2=(-2, np.inf)),
    ]
    exams += [_exam(f"c{n}", f"c{n}", -1, projection="pa") for n in range(6)]
    for number, exam in enumerate(exams):
        picture = Image.new("L", (40, 20 + number), number * 10)
        picture.save(raw / "png" / f"{exam['image_id']}.png")
    pd.DataFrame(exams).to_csv(raw / "data.csv", index=False)
    return raw


def test_hannover_shows_laboratory_values_up_to_the_day_before_the_exam_only(radiographs, tmp_path):
    events = Cohort.read(hannover(radiographs, tmp_path / "out")).events
    found = {
        s: sorted(g[["variable", "hours"]].itertuples(index=False, name=None))
        for s, g in events.groupby("sample_id")
    }
    assert found["a0"] == [("crp", -24.0)]
    # The values listed with exam a0 are a1's past too; the one of the day after a1 is nobody's.
    assert found["a1"] == [("crp", -72.0), ("ldh", -48.0), ("po2", -24.0)]
    assert "a2" not in found
    assert events["hours"].between(-336, -24).all()


def test_hannover_turns_detection_limits_into_finite_values(radiographs, tmp_path):
    events = Cohort.read(hannover(radiographs, tmp_path / "out")).events
    own = events[events["sample_id"] == "b0"].set_index("variable")["value"]
    assert own.to_dict() == {"crp": 5.0, "po2": 70.0}


def test_hannover_target_is_intensive_care_on_the_day_of_the_exam(radiographs, tmp_path):
    cohort = Cohort.read(hannover(radiographs, tmp_path / "out"))
    target = cohort.samples["icu_care_at_exam"]
    assert target[["a0", "a1", "a2", "b0", "c0"]].tolist() == [0, 1, 0, 1, 0]
    assert "place of care, not prognosis" in cohort.config.description
    assert cohort.samples.loc["a2", "patient_id"] == "a"
    assert not {"icu_admission_offset", "icu_release_offset"} & set(cohort.samples)


def test_hannover_gives_each_exam_its_own_picture_and_declares_the_shortcuts(radiographs, tmp_path):
    cohort = Cohort.read(hannover(radiographs, tmp_path / "out"))
    assert cohort.images.groupby("sample_id")["path"].agg(list)["a1"] == ["images/a1.png"]
    a1 = cohort.samples.loc["a1", list(cohort.config.shortcuts)].to_dict()
    assert a1 == {
        "view": "AP",
        "aspect_ratio": 1.9048,
        "mean_grey": 10.0,
        "earlier_exams": 1,
        "days_since_admission": 2,
        "n_labs": 3,
    }
    assert set(cohort.config.tabular) == {"sex"}


def test_hannover_names_a_missing_picture_or_column(radiographs, tmp_path):
    (radiographs / "png" / "b0.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"b0\.png"):
        hannover(radiographs, tmp_path / "out")
    table = pd.read_csv(radiographs / "data.csv").drop(columns="projection")
    table.to_csv(radiographs / "data.csv", index=False)
    with pytest.raises(CohortError, match="'projection'"):
        hannover(radiographs, tmp_path / "other")


def _stay(record, *rows, weight=-1, gender=1, height=-1):
    static = {"RecordID": record, "Age": 60, "Gender": gender, "Height": height}
    lines = [f"00:00,{k},{v}" for k, v in (static | {"ICUType": 2, "Weight": weight}).items()]
    return "\n".join(["Time,Parameter,Value", *lines, *rows]) + "\n"


@pytest.fixture
def stays(tmp_path):
    raw = tmp_path / "raw"
    (raw / "set-a").mkdir(parents=True)
    texts = {n: _stay(n, "01:30,HR,80", "47:59,HR,90") for n in range(101, 113)}
    texts[101] = _stay(101)
    texts[102] = _stay(102, "00:00,Weight,71", "02:00,Temp,-17.8", "03:00,MechVent,1", weight=70)
    texts[103] = _stay(103, "05:00,Weight,-1", "48:00,HR,70", gender=-1, height=170.2)
    outcomes = ["RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"]
    for record, text in texts.items():
        (raw / "set-a" / f"{record}.txt").write_text(text)
        outcomes.append(f"{record},{-1 if record == 104 else 9},4,11,-1,{int(record > 106)}")
    (raw / "Outcomes-a.txt").write_text("\n".join(outcomes))
    return raw


def test_physionet_reads_the_missing_code_as_not_recorded(stays, tmp_path):
    cohort = Cohort.read(physionet2012(stays, tmp_path / "out"))
    samples = cohort.samples
    assert samples["weight"].dropna().to_dict() == {"102": 70.0}
    assert samples["height"].dropna().to_dict() == {"103": 170.2}
    assert samples["gender"].isna().to_dict()["103"] and samples["gender"].notna().sum() == 11
    assert samples["saps_i"].isna().sum() == 1 and pd.isna(samples.loc["104", "saps_i"])
    assert not (cohort.events["value"] == -1).any()


def test_physionet_keeps_weight_at_admission_apart_from_the_series(stays, tmp_path):
    events = Cohort.read(physionet2012(stays, tmp_path / "out")).events
    own = events[events["variable"] == "Weight"]
    assert own[["sample_id", "hours", "value"]].values.tolist() == [["102", 0.0, 71.0]]
    assert events.query("sample_id == '105'")["hours"].round(3).tolist() == [1.5, 47.983]


def test_physionet_leaves_the_outcome_side_out_of_every_file(stays, tmp_path):
    cohort = Cohort.read(physionet2012(stays, tmp_path / "out"))
    known = {"patient_id", "age", "gender", "height", "icutype", "weight"}
    assert set(cohort.samples) == known | {"saps_i", "sofa", "death", "fold"}
    assert set(cohort.config.tabular) == known - {"patient_id"}
    assert cohort.config.scores == ("saps_i", "sofa") and cohort.config.folds == "fold"
    assert set(cohort.events["variable"]) <= {"HR", "Weight", "MechVent", "Temp"}


def test_physionet_quarantines_the_artefact_and_keeps_stays_without_series(stays, tmp_path):
    cohort = Cohort.read(physionet2012(stays, tmp_path / "out"))
    assert cohort.quarantine["reason"].tolist() == ["out of range"]
    assert "Temp" not in set(cohort.events["variable"])
    assert "101" in cohort.samples.index and "101" not in set(cohort.events["sample_id"])
    arrays = cohort.to_arrays()
    assert arrays.inputs["sequence"].shape == (12, 48, 37)
    assert arrays.kinds["sequence"][arrays.columns["sequence"].index("MechVent")] == "event"


def test_physionet_deals_out_stratified_folds_or_takes_those_beside_the_files(stays, tmp_path):
    made = Cohort.read(physionet2012(stays, tmp_path / "made")).samples
    assert made.groupby("fold")["death"].agg(["sum", "count"]).max().tolist() == [2, 4]
    assert made.groupby("fold")["death"].sum().min() == 1
    given = pd.DataFrame({"record_id": range(101, 113), "fold": np.arange(12) % 2})
    given.to_csv(stays / "stays.csv", index=False)
    taken = Cohort.read(physionet2012(stays, tmp_path / "taken")).samples
    assert taken["fold"].tolist() == ["0", "1"] * 6


def test_physionet_reads_the_archive_to_the_same_cohort(stays, tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "set-a.tar.xz", "w:xz") as archive:
        archive.add(stays / "set-a", "set-a")
        archive.add(stays / "Outcomes-a.txt", "Outcomes-a.txt")
    for table in ("samples", "events"):
        one = pd.read_parquet(physionet2012(stays, tmp_path / f"1{table}") / f"{table}.parquet")
        two = pd.read_parquet(physionet2012(packed, tmp_path / f"2{table}") / f"{table}.parquet")
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize(
    "text",
    [
        "Time,Parameter,Value\n00:10,HR,80\n",
        _stay(105, "00:10,HR,fast"),
        _stay(105, "soon,HR,80"),
        _stay(105, "00:10,HR,80,90,100"),
    ],
    ids=["no record", "text for a value", "no time", "too many cells"],
)
def test_physionet_names_the_file_that_is_no_stay(stays, tmp_path, text):
    (stays / "set-a" / "105.txt").write_text(text)
    with pytest.raises(DataError, match=r"105\.txt is not a stay's file"):
        physionet2012(stays, tmp_path / "out")


def test_physionet_says_what_is_missing(stays, tmp_path):
    (stays / "Outcomes-a.txt").unlink()
    with pytest.raises(CohortError, match=r"holds no Outcomes-a\.txt"):
        physionet2012(stays, tmp_path / "out")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    raw = tmp_path_factory.mktemp("raw")
    label = np.tile(np.arange(10), 6)
    lengths = np.where(np.arange(60) == 7, 150, 2)
    values = np.random.default_rng(0).normal(size=(lengths.sum(), 13)).astype("float32")
    np.savez(
        raw / "fsdd_mfcc13_ragged.npz",
        values=values,
        row_splits=np.concatenate([[0], np.cumsum(lengths)]),
        label=label,
        speaker=np.repeat(list("uvwxyz"), 10),
        take=np.zeros(60, int),
    )
    return raw


@pytest.fixture(scope="module")
def spoken(recordings, tmp_path_factory):
    return Cohort.read(digits(recordings, tmp_path_factory.mktemp("digits")))


def test_no_picture_and_no_recording_crosses_the_speakers_parts(spoken):
    pairs = spoken.samples
    assert (pairs.groupby("speaker").size() == 500).all() and pairs["speaker"].nunique() == 6
    for column in ("picture", "recording", "speaker"):
        assert (pairs.groupby(column)["speaker_fold"].nunique() == 1).all()
    assert spoken.config.folds == "speaker_fold" and not spoken.config.tabular


def test_each_pair_has_one_label(spoken, recordings):
    from sklearn.datasets import load_digits

    pairs = spoken.samples
    with np.load(recordings / "fsdd_mfcc13_ragged.npz") as file:
        spoken_label = file["label"][pairs["recording"].astype(int)]
    written_label = load_digits().target[pairs["picture"].astype(int)]
    digit = pairs["digit"].astype(int).to_numpy()
    assert (digit == spoken_label).all() and (digit == written_label).all()


def test_a_recording_is_cut_at_120_frames_and_three_share_a_step(spoken, recordings):
    arrays = spoken.to_arrays()
    assert arrays.inputs["sequence"].shape == (3000, 40, 13)
    rows = spoken.samples["recording"].astype(int).to_numpy()
    long = arrays.inputs["sequence"][np.flatnonzero(rows == 7)[0]]
    with np.load(recordings / "fsdd_mfcc13_ragged.npz") as file:
        start = file["row_splits"][7]
        columns = [int(name.split("_")[1]) for name in arrays.columns["sequence"]]
        frames = file["values"][start : start + 120][:, columns]
    expected = frames.reshape(40, 3, 13).mean(axis=1)
    np.testing.assert_allclose(long, expected, rtol=1e-6, atol=1e-6)
    assert np.isnan(arrays.inputs["sequence"][np.flatnonzero(rows == 8)[0], 2:]).all()


def test_the_noise_on_the_pictures_is_as_announced_and_hardly_clipped(spoken):
    from sklearn.datasets import load_digits

    pixels = spoken.to_arrays().inputs["image"][:, 0, :, :, 0]
    clean = load_digits().images[spoken.samples["picture"].astype(int)]
    noise = pixels / 255 * 76 - 30 - clean
    assert noise.std() == pytest.approx(10, abs=0.1) and abs(noise.mean()) < 0.1
    assert ((pixels == 0) | (pixels == 255)).mean() < 0.005


def test_every_source_says_where_to_find_the_originals_and_their_licence():
    assert sorted(SOURCES) == NAMES
    for source in SOURCES.values():
        assert "Originals: " in source.__doc__ and "https://" in source.__doc__
        assert "icence" in source.__doc__ or "CC BY" in source.__doc__
    with pytest.raises(ConfigError, match="Did you mean 'hannover'"):
        SOURCES["hanover"]


def test_the_help_of_prepare_names_every_source():
    argument = get_type_hints(prepare, include_extras=True)["source"].__metadata__[0]
    assert set(argument.help.replace(",", "").replace(".", "").split()) == {*SOURCES, "or"}


@pytest.mark.parametrize("source", NAMES)
def test_an_empty_raw_folder_or_a_used_target_is_refused(source, tmp_path):
    with pytest.raises(CohortError, match="see the source's help"):
        SOURCES[source](tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
