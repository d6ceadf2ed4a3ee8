"""What a study's user may choose."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

import pydantic
import yaml

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.options import Dtype, check_dtype
from hybrid_zoo.pipelines.imbalance import Remedy
from hybrid_zoo.registry import nearest


def _named(value: Any) -> Any:
    """Name to what is said of it, from a name, a list of names, or a mapping."""
    if isinstance(value, dict):
        return {name: options or {} for name, options in value.items()}
    value = [value] if isinstance(value, str) else value
    return {str(name): {} for name in value} if isinstance(value, Iterable) else value


Names = Annotated[dict[str, dict[str, Any]], pydantic.BeforeValidator(_named)]
Spaces = Annotated[dict[str, dict[str, list[Any]]], pydantic.BeforeValidator(_named)]


class Settings(pydantic.BaseModel):
    """The options that all training commands share.

    Args:
        seed: Of weights, batches, inner folds and resamples; the split has its own.
        trials: Configurations per model; None leaves it to the cohort's size (then 4 if searched).
        folds: Folds of the cross-validation, at least 2.
        epochs: Most epochs of a fit.
        seeds: Trainings of the hybrid and of each single-modality net; the first is scored.
        minutes: Time budget; None is no limit, and only then are results repeatable.
        resamples: Patient resamples of the intervals.
        imbalance: What is done about rare classes, for every model alike: "weights", "oversample",
            "both" or "none"; recalibration follows in any case.
        dtype: Policy of the networks' layers, as in `HybridOptions`: "float32" or "mixed_bfloat16";
            None is Keras's global one.
        baselines: Further ones: import paths of scikit-learn classifiers, or a mapping from import
            path to a search space, parameter to values; the first configuration is the default.
        baseline_minutes: Limit of each baseline in each round, for all of its configurations,
            folds, targets and final fits together; only below it are results repeatable.
        hold_out_site: Level of the cohort's `site` that is the test part, in place of a drawn one.
        hold_out_after: Column of samples that holds dates, or numbers such as years: the latest
            20 % of the patients are the test part, or with `COLUMN=DATE` all that is dated later.
        image: Image encoders a search chooses from; the first is the default. Likewise `volume`,
            `sequence`, `tabular`, `tokens` and `fusion`; a single name may stand without a list,
            and a mapping fixes options of the builders, such as weights.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    seed: int = pydantic.Field(default=0, ge=0)
    trials: int | None = pydantic.Field(default=None, ge=1)
    folds: int = pydantic.Field(default=3, ge=2)
    epochs: int = pydantic.Field(default=50, ge=1)
    seeds: int = pydantic.Field(default=3, ge=1)
    minutes: float | None = pydantic.Field(default=None, gt=0)
    resamples: int = pydantic.Field(default=2000, ge=100)
    imbalance: Remedy = "weights"
    dtype: Dtype | None = None
    baselines: Spaces = {}
    baseline_minutes: float = pydantic.Field(default=30, gt=0, le=30 * 24 * 60)
    hold_out_site: str | None = None
    hold_out_after: str | None = None
    image: Names = {}
    volume: Names = {}
    sequence: Names = {}
    tabular: Names = {}
    tokens: Names = {}
    fusion: Names = {}

    @pydantic.model_validator(mode="after")
    def _one_test_part(self) -> Self:
        if self.hold_out_site is not None and self.hold_out_after is not None:
            raise ValueError("give hold_out_site or hold_out_after, not both")
        return self

    @property
    def names(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Part of the model to the names that were given for it, with their fixed options."""
        parts = ("image", "volume", "sequence", "tabular", "tokens", "fusion")
        return {part: names for part in parts if (names := getattr(self, part))}


def read_settings(path: Path | None, given: dict[str, Any]) -> Settings:
    """Join a YAML file's keys with the options of the command line, which win.

    Args:
        path: The file, or None.
        given: Option to value; None, or of options that may be repeated (), where the user
            gave none.

    Returns:
        Checked settings.

    Raises:
        ConfigError: For an unknown key or an impossible value.
    """
    values = _read(path) if path else {}
    _require_known(values, str(path))
    _require_known(given, "study")
    values |= {key: value for key, value in given.items() if value not in (None, ())}
    check_dtype("Option dtype", values.get("dtype"))
    try:
        return Settings(**values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if not key:  # of several options together
            raise ConfigError(f"Options: {first['msg'].removeprefix('Value error, ')}.") from error
        raise ConfigError(f"Option {key}: {first['msg']}, got {first['input']!r}.") from error


def _require_known(keys: Iterable[str], origin: str) -> None:
    known = list(Settings.model_fields)
    for key in keys:
        if key not in known:
            raise ConfigError(
                f"{origin}: unknown key {key!r}.{nearest(key, known)} Known: {known}."
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"--config {path}: cannot be read ({type(error).__name__}).") from error
    if not isinstance(values, dict):
        raise ConfigError(
            f"--config {path}: expected keys and values, got {type(values).__name__}."
        )
    return values
