"""Tell MLflow of a finished study: its options, figures and pages, nothing of a single patient."""

from pathlib import Path

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.report_files import Run, read_run

_PAGES = ("report.html", "metrics.json", "MODEL_CARD.md", "TRIPOD.md", "table1.csv")


def log_to_mlflow(folder: Path, uri: str) -> str:
    """Log a finished study as one MLflow run.

    Args:
        folder: The run folder. Model, predictions and splits stay where they are: they hold, or
            may hold, what was recorded of patients.
        uri: Of the tracking server, or whatever else `mlflow.set_tracking_uri` takes.

    Returns:
        The MLflow run's id.

    Raises:
        ConfigError: If MLflow is not installed, or does not take the run.
    """
    mlflow = _mlflow()
    run = read_run(folder)
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(run.metrics["cohort"])
        with mlflow.start_run(run_name=folder.name) as logged:
            mlflow.log_params(_parameters(run))
            mlflow.log_metrics(_metrics(run))
            mlflow.set_tags(_tags(run))
            for page in _PAGES:
                if (folder / page).is_file():
                    mlflow.log_artifact(str(folder / page))
    except mlflow.exceptions.MlflowException as error:
        raise ConfigError(f"--mlflow {uri}: {error} The run itself is whole: {folder}.") from error
    return logged.info.run_id


def _mlflow():
    try:
        import mlflow
    except ImportError as error:
        raise ConfigError("--mlflow needs MLflow: pip install 'hybrid-zoo[mlflow]'.") from error
    return mlflow


def _parameters(run: Run) -> dict[str, object]:
    metrics = run.metrics
    chosen = {f"chosen.{name}": value for name, value in metrics["chosen"].items()}
    plan = {k: v for k, v in metrics["plan"].items() if k != "reason"}
    return {"seed": metrics["seed"], "split_seed": metrics["split_seed"]} | plan | chosen


def _metrics(run: Run) -> dict[str, float]:
    """Every metric's value, by target, model and name; what MLflow takes for a name."""
    return {
        "/".join(_plain(part) for part in (target, model, name)): metric["value"]
        for target, block in run.metrics["targets"].items()
        for model, measured in block["models"].items()
        for name, metric in measured.items()
        if isinstance(metric, dict) and metric.get("value") is not None
    }


def _tags(run: Run) -> dict[str, str]:
    blocks = run.metrics["targets"]
    verdicts = {f"verdict.{_plain(name)}": block["verdict"] for name, block in blocks.items()}
    return verdicts | {"simulated": str(run.metrics["simulated"])}


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-. " else "_" for c in name)
