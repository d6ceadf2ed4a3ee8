"""Networks that are trained in two processes are those of one."""

import pickle

import numpy as np
import pandas as pd
import pytest
from tiny_study import QUICK

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.mapped import pickled
from hybrid_zoo.registries import TABULAR_ENCODERS
from hybrid_zoo.studies import side_by_side
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.parts import make_rounds, plan_study
from hybrid_zoo.studies.side_by_side import SideBySide
from hybrid_zoo.tuning import worker
from hybrid_zoo.tuning.space import Space


@pytest.fixture(scope="module")
def cohort():
    """Columns and notes of 60 patients, of whom 20 are held out."""
    rng = np.random.default_rng(0)
    ids = [f"s{k}" for k in range(60)]
    age = rng.normal(size=60)
    samples = pd.DataFrame({"sample_id": ids, "age": age, "split": ["train", "train", "test"] * 20})
    samples["y"] = (age + rng.normal(size=60) > 0).astype(int)
    notes = pd.DataFrame({"sample_id": ids, "text": np.where(samples["y"], "ill", "well")})
    return Cohort.from_frames(
        samples,
        notes=notes,
        targets=["y"],
        tabular=["age"],
        split="split",
        notes_options={"max_tokens": 4},
    )


def allow(patch):
    """Let every study, however small, have two processes on whatever machine."""
    patch.setattr(side_by_side, "ROWS", 0)
    patch.setattr(side_by_side, "usable_cores", lambda: 2)
    patch.setattr(side_by_side, "memory", lambda: None)


def enter(cohort, workspace, *, names=None):
    """Return every entry of a quick study and the names of its fits."""
    arrays, fits = cohort.to_arrays(), []
    contest = Contest(cohort, arrays, Space(names or {}))
    plan = plan_study(cohort, arrays, QUICK)
    rounds = make_rounds(
        cohort, arrays, QUICK, plan, workspace=workspace, on_fit=fits.append, deadline=None
    )
    with SideBySide(contest.networks, rounds) as trained:
        entries = [trained.enter(this) for this in rounds]
    return entries, fits


@pytest.fixture(scope="module")
def here(cohort, tmp_path_factory, quick_fits):
    """What one process trains by itself, since none that it starts comes up; and what was logged."""
    said = []
    with pytest.MonkeyPatch.context() as patch:
        allow(patch)
        patch.setattr(worker, "_MAIN", "hybrid_zoo.no_such_module")
        patch.setattr(side_by_side.log, "warning", lambda text, *of: said.append(text % of))
        (entries,), fits = enter(cohort, tmp_path_factory.mktemp("here"))
    return entries, fits, said


def test_where_no_process_starts_every_network_is_trained_here(here):
    entries, fits, said = here
    assert list(entries) == ["hybrid", "tabular_only", "tokens_only"] and len(fits) == 9
    assert all(np.isfinite(entry.scored["y"]).sum() == 20 for entry in entries.values())
    assert len(said) == 2 and all("A process beside this one does not start" in s for s in said)


def test_two_processes_train_the_networks_of_one(cohort, here, tmp_path, monkeypatch):
    alone, fits, _ = here
    allow(monkeypatch)
    monkeypatch.setattr(side_by_side, "enter_network", lambda *_: pytest.fail("trained here"))
    (entries,), told = enter(cohort, tmp_path / "helped")
    assert list(entries) == list(alone) == ["hybrid", "tabular_only", "tokens_only"]
    assert sorted(told) == sorted(fits) and len(fits) == 9
    for name, entry in entries.items():
        np.testing.assert_allclose(entry.scored["y"], alone[name].scored["y"], atol=1e-5)
        np.testing.assert_allclose(entry.out_of_fold["y"], alone[name].out_of_fold["y"], atol=1e-5)
        assert entry.cost.fits == alone[name].cost.fits
        assert (tmp_path / "helped" / f"{name}-0" / "trials.csv").is_file()
    inputs = cohort.to_arrays().inputs
    told, known = (e["hybrid"].artifact.predict(inputs, verbose=0)["y"] for e in (entries, alone))
    np.testing.assert_allclose(told, known, atol=1e-6)


@pytest.mark.slow
def test_what_the_other_process_cannot_train_is_trained_here(
    cohort, tmp_path, monkeypatch, quick_fits, caplog
):
    """An encoder that a user registers in a script is known in that process alone."""

    def known_here(spec, **knobs):
        return TABULAR_ENCODERS["mlp"](spec, **knobs)

    monkeypatch.setitem(TABULAR_ENCODERS._builders, "known_here", known_here)
    monkeypatch.setitem(TABULAR_ENCODERS._spaces, "known_here", {})
    allow(monkeypatch)
    (entries,), _ = enter(cohort, tmp_path, names={"tabular": {"known_here": {}}})
    assert "tabular_only" in entries and np.isfinite(entries["tabular_only"].scored["y"]).any()
    assert any("is not trained in a process of its own" in said for said in caplog.messages)


def test_an_array_of_a_file_is_sent_by_the_name_of_the_file(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((1000, 9)))
    file = np.load(tmp_path / "a.npy", mmap_mode="r")
    sent = pickled({"whole": np.asarray(file), "same": file})
    assert len(sent) < 500
    found = pickle.loads(sent)
    np.testing.assert_array_equal(found["whole"], file)
    assert not found["same"].flags.writeable
    for part in (file[:10], file[:, ::2], np.array(file), file.view("i8")):
        np.testing.assert_array_equal(pickle.loads(pickled(part)), part)
