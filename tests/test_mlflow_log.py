"""What MLflow is told of a finished study."""

import sys
import warnings

import pytest
from test_report import SKILL, make_run, make_scores

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.mlflow_log import log_to_mlflow


def test_mlflow_gets_options_figures_and_pages_and_no_patient(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # no server here
    mlflow = pytest.importorskip("mlflow")
    run = make_run(tmp_path / "run", {"death": (make_scores(0, SKILL), SKILL)})
    (run / "report.html").write_text("<p>report</p>")
    uri = (tmp_path / "mlruns").as_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        name = log_to_mlflow(run, uri)
        logged = mlflow.MlflowClient(uri).get_run(name)
        kept = {found.path for found in mlflow.MlflowClient(uri).list_artifacts(name)}
    assert kept == {"report.html", "metrics.json"}
    (target,) = {key.split("/")[0] for key in logged.data.metrics}
    assert 0 < logged.data.metrics[f"{target}/hybrid/auroc"] < 1
    assert logged.data.params["seed"] == "0" and logged.data.tags[f"verdict.{target}"]


def test_without_mlflow_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigError, match=r"pip install 'hybrid-zoo\[mlflow\]'"):
        log_to_mlflow(tmp_path, "file:mlruns")
