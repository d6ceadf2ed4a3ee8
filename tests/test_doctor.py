"""`hybrid-zoo doctor` says what is there and what is missing, also where TensorFlow is broken."""

import getpass
import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

from hybrid_zoo.studies.doctor import machine
from hybrid_zoo.studies.doctor.examine import nameless
from hybrid_zoo.studies.doctor.packages import package_findings
from hybrid_zoo.studies.doctor.trial import trial_findings

ENVIRONMENT = 4


@pytest.fixture
def doctor(tmp_path):
    """Run `hybrid-zoo doctor` in a process that first meets the given broken modules."""

    def run(*arguments, modules=None, metadata=None, **variables):
        for name, text in (modules or {}).items():
            (tmp_path / f"{name}.py").write_text(text)
        for name, text in (metadata or {}).items():
            folder = tmp_path / f"{name}-{text}.dist-info"
            folder.mkdir()
            (folder / "METADATA").write_text(
                f"Metadata-Version: 2.4\nName: {name}\nVersion: {text}\n"
            )
        done = subprocess.run(
            [sys.executable, "-m", "hybrid_zoo", "doctor", *arguments],
            env=os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"} | variables,
            cwd=tmp_path, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def rows(output):
    """Findings by name, from JSON."""
    return {row["name"]: row for row in json.loads(output)["findings"]}


@pytest.mark.slow
def test_a_sound_machine_passes_its_self_test(doctor):
    code, out, err = doctor()
    assert code == 0 and "All that is needed is there." in out, out + err
    assert re.search(r"tiny model +works \(\d+\.\d s\)", out)
    for name in ("tensorflow", "keras", "keras-tuner", "numpy", "pandas", "scikit-learn"):
        assert re.search(rf"ok +{name} +{re.escape(version(name))}", out), name


def test_without_tensorflow_and_pandas_it_says_so_and_what_mends_it(doctor):
    """Stands in for a shared library that is missing, in which the import of a package ends."""
    broken = "raise ImportError('libcudart.so.13: cannot open shared object file')"
    code, out, err = doctor("--json", modules={"tensorflow": broken, "pandas": broken})
    found = rows(out)
    assert code == ENVIRONMENT and not err and not json.loads(out)["ready"]
    assert "libcudart" in found["import"]["found"]
    assert found["import"]["mend"].startswith("pip install --force-reinstall")
    assert found["tiny model"]["state"] == "wrong" and "not tried" in found["tiny model"]["found"]
    assert found["memory"]["state"] in ("ok", "advice")


def test_a_library_that_takes_its_process_down_takes_down_no_other(doctor):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
    code, out, _ = doctor("--json", "--no-check", modules={"tensorflow": crash})
    found = rows(out)
    assert code == ENVIRONMENT and found["import"]["found"] == "ended by SIGILL"
    assert "AVX" in found["import"]["mend"] and "tiny model" not in found


def test_versions_beside_the_pins_are_wrong_and_the_pin_is_named(doctor):
    stop = {"tensorflow": "raise SystemExit('none is loaded here')"}
    old = {"pandas": "2.1.4", "protobuf": "3.1.0"}
    code, out, _ = doctor("--json", "--no-check", modules=stop, metadata=old)
    found = rows(out)
    assert code == ENVIRONMENT and found["pandas"]["state"] == "wrong"
    assert re.fullmatch(
        r"2\.1\.4, but <4,>=3\.0 is needed \(by hybrid-zoo.*\)", found["pandas"]["found"]
    )
    assert found["pandas"]["mend"] == "pip install 'pandas<4,>=3.0'"
    assert re.search(r"3\.1\.0, but .+ is needed \(by .*tensorflow", found["protobuf"]["found"])
    assert found["numpy"]["state"] == found["others"]["state"] == "ok"


def test_an_unknown_backend_is_named_with_the_setting_that_mends_it():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        found = {finding.name: finding for finding in trial_findings(check=False)}
    assert "torch" in found["import"].found
    assert found["import"].mend.startswith("export KERAS_BACKEND=tensorflow")


def test_an_extra_that_is_not_installed_is_optional_and_has_its_command(monkeypatch):
    monkeypatch.setattr(
        "hybrid_zoo.studies.doctor.packages.trouble",
        lambda requirement: "not installed" if requirement.name == "nibabel" else "",
    )
    found = {finding.name: finding for finding in package_findings()}
    assert found["hybrid-zoo[images]"].state == "optional"
    assert found["hybrid-zoo[images]"].found == "without nibabel"
    assert found["hybrid-zoo[images]"].mend == "pip install 'hybrid-zoo[images]'"
    assert found["hybrid-zoo[dev]"].state == "optional", "dev holds test, which holds images"
    assert found["hybrid-zoo[shards]"].state == "ok"


def test_a_container_s_limits_are_the_machine_s(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert machine.usable_cores() == 8
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "memory.current").write_text("500000000\n")
    assert machine.usable_cores() == 1.5
    assert machine.memory() == (2_000_000_000, 1_500_000_000)
    found = {finding.name: finding for finding in machine.machine_findings()}
    assert found["memory"].state == "advice" and "1.5 GB available of 2.0" in found["memory"].found
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.usable_cores() == 8


def test_more_threads_than_cores_are_advised_against(monkeypatch):
    monkeypatch.setattr(machine, "usable_cores", lambda: 2.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    found = {finding.name: finding for finding in machine.machine_findings()}
    assert found["OMP_NUM_THREADS"].mend == "export OMP_NUM_THREADS=2"
    assert found["TF_NUM_INTRAOP_THREADS"].state == "ok"


def test_a_temporary_folder_that_is_none_is_wrong(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setenv("HYBRID_ZOO_STORE", str(tmp_path / "not" / "yet"))
    found = {finding.name: finding for finding in machine.machine_findings()}
    assert found["temporary folder"].state == "wrong" and "TMPDIR" in found["temporary folder"].mend
    assert re.fullmatch(r"\d+\.\d GB free", found["HYBRID_ZOO_STORE"].found)


def test_the_json_names_no_person_and_no_folder(doctor, tmp_path):
    where = f"raise ImportError({str(Path.home() / 'lib/x.so')!r} + ' ' + {str(tmp_path)!r})"
    _, out, _ = doctor("--json", "--no-check", modules={"tensorflow": where})
    assert "ImportError: ~/lib/x.so" in out
    for private in (str(Path.home()), str(tmp_path), sys.prefix):
        assert private not in out, private
    assert nameless(f"/data/{getpass.getuser()}/x and /") == "/data/<user>/x and /"
