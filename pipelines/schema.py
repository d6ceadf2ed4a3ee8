"""cohort.yaml as typed, frozen objects; every mistake in it becomes one readable line."""

from collections.abc import Collection, Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.schema_errors import as_cohort_error

MODALITIES = {"events": ("sequence",), "images": ("image", "volume"), "notes": ("tokens",)}
"""Table to the kinds of input it may hold; the first one is the default."""

Name = Annotated[str, Field(min_length=1)]
Side = Annotated[int, Field(ge=1, le=4096)]
# A key with nothing behind it, as in `HR:`, means that all its options are at their defaults.
_blank_is_empty = BeforeValidator(lambda value: {} if value is None else value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Ranged(_Part):
    range: tuple[float, float] | None = None

    @field_validator("range", "normal", check_fields=False)
    @classmethod
    def _ascending(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] <= value[1]:
            raise ValueError("expected [lowest, highest] in this order")
        return value


class _Windowed(_Part):
    start_hours: FiniteFloat | None = None
    end_hours: FiniteFloat | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        start, end = self.start_hours, self.end_hours
        if start is not None and end is not None and start > end:
            raise ValueError("expected start_hours at or before end_hours")
        return self


class Target(_Part):
    """What is predicted: `kind`, and for multiclass the `classes` in the order of their index."""

    kind: Literal["binary", "multiclass", "survival", "numeric"]
    classes: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _supported(self) -> Self:
        if self.kind in ("survival", "numeric"):
            raise ValueError(
                f"kind {self.kind} is reserved, not yet supported; use binary or multiclass"
            )
        if self.kind == "binary" and self.classes:
            raise ValueError("a binary target has no classes; its labels are 0, 1 or empty")
        distinct = len(set(self.classes))
        if self.kind == "multiclass" and (distinct < 2 or distinct < len(self.classes)):
            raise ValueError(
                "a multiclass target needs classes: a list of at least two, all different"
            )
        return self


class Column(_Ranged):
    """A samples column used as an input; `range` (numeric only) is inclusive."""

    kind: Literal["numeric", "categorical"]

    @model_validator(mode="after")
    def _range_of_numbers(self) -> Self:
        if self.kind == "categorical" and self.range is not None:
            raise ValueError("a categorical column has no range")
        return self


class Variable(_Ranged):
    """A variable of the events table; of kind `event` only its occurrence counts.

    `normal` is the range that a page about a patient shades; it changes nothing else.
    """

    kind: Literal["numeric", "event"] = "numeric"
    unit: str | None = None
    normal: tuple[FiniteFloat, FiniteFloat] | None = None


class Events(_Windowed):
    """A sequence input; `step_hours` gives it a regular grid, `variables` selects and describes.

    `artefacts` is the number of robust standard deviations from its neighbours in time beyond which
    a value is quarantined.
    """

    step_hours: Annotated[FiniteFloat, Field(gt=0)] | None = None
    artefacts: Annotated[FiniteFloat, Field(gt=0)] | None = None
    variables: dict[Name, Annotated[Variable, _blank_is_empty]] | None = None


class Images(_Windowed):
    """An image or volume input.

    `size` is (height, width) in pixels, of a volume (depth, height, width); `resize` says what
    happens to another aspect ratio; `window` is the (centre, width) of the values that matter.
    """

    size: Annotated[tuple[Side, ...], Field(min_length=2, max_length=3)] = (128, 128)
    channels: Literal[1, 3] = 1
    max_per_sample: Annotated[int, Field(ge=1)] | None = None
    resize: Literal["crop", "pad"] = "crop"
    window: tuple[FiniteFloat, Annotated[FiniteFloat, Field(gt=0)]] | None = None


class Notes(_Windowed):
    """A note input of at most `max_tokens` hashed words."""

    max_tokens: Annotated[int, Field(ge=1)] = 256


class Threshold(_Part):
    """The operating point that the ward wants."""

    sensitivity: Annotated[float, Field(gt=0, lt=1)]


class CohortConfig(_Part):
    """cohort.yaml, version 1; `events`, `images` and `notes` are keyed by modality here."""

    version: Literal[1]
    name: Name
    title: str | None = None
    description: str | None = None
    citation: str | None = None
    license: str | None = None
    source: str | None = None
    population: str | None = None
    prediction_time: str | None = None
    horizon: str | None = None
    simulated: bool = False
    targets: Annotated[dict[Name, Target], Field(min_length=1)]
    tabular: dict[Name, Column] = {}
    events: dict[Name, Annotated[Events, _blank_is_empty]] = {}
    images: dict[Name, Annotated[Images, _blank_is_empty]] = {}
    notes: dict[Name, Annotated[Notes, _blank_is_empty]] = {}
    groups: tuple[Name, ...] = ()
    site: Name | None = None
    scores: tuple[Name, ...] = ()
    shortcuts: tuple[Name, ...] = ()
    threshold: dict[Name, Threshold] = {}
    split: Name | None = None
    split_seed: Annotated[int, Field(ge=0)] = 0
    folds: Name | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.tabular or self.events or self.images or self.notes):
            raise ValueError("expected at least one of tabular, events, images, notes")
        if self.split is not None and self.folds is not None:
            raise ValueError("expected split or folds, not both: folds has no hold-out")
        self._check_threshold()
        self._check_inputs()
        self._check_sizes()
        return self

    def _check_threshold(self) -> None:
        for name in self.threshold:
            if name not in self.targets:
                raise ValueError(f"threshold names {name!r}, which is not one of the targets")
            if self.targets[name].kind != "binary":
                raise ValueError(f"threshold names {name!r}; only a binary target has a threshold")

    def _check_inputs(self) -> None:
        """An input that is also the answer, a score or the split would make every result a lie."""
        never = {"targets": set(self.targets), "scores": set(self.scores)}
        never |= {"shortcuts": set(self.shortcuts), "split": {self.split} if self.split else set()}
        never |= {"folds": {self.folds} if self.folds else set()}
        never["the ids"] = {"sample_id", "patient_id"}
        for role, names in never.items():
            both = sorted(set(self.tabular) & names)
            if both:
                raise ValueError(f"column {both[0]!r} is in tabular and in {role}: never an input")

    def _check_sizes(self) -> None:
        for name, options in self.images.items():
            sides = ["depth"] * name.startswith("volume") + ["height", "width"]
            if len(options.size) != len(sides):
                expected = f"[{', '.join(sides)}]"
                raise ValueError(
                    f"images.{name} has the size {list(options.size)}; expected {expected}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return what cohort.yaml would say, without the keys left at their defaults."""
        return self.model_dump(exclude_unset=True)


def parse_config(raw: object, origin: str = "cohort.yaml") -> CohortConfig:
    """Check the content of a cohort.yaml.

    Args:
        raw: What YAML gave, or a dict of the same keys.
        origin: What messages call it.

    Raises:
        CohortError: One line per mistake: the full key, what was got, what was expected; an unknown
            key comes with the nearest known one.
    """
    if not isinstance(raw, Mapping):
        raise CohortError(f"{origin}: got {type(raw).__name__}, expected keys such as `name: ...`.")
    content, plain = dict(raw), set()
    for section, kinds in MODALITIES.items():
        if section in content and not _is_keyed_by_modality(content[section], kinds):
            content[section] = {kinds[0]: content[section]}
            plain.add(section)
    try:
        config = CohortConfig.model_validate(content)
    except ValidationError as error:
        raise as_cohort_error(error, CohortConfig, plain, origin) from None
    _check_modality_names(config, origin)
    return config


def _is_keyed_by_modality(section: object, kinds: Collection[str]) -> bool:
    if not isinstance(section, Mapping):
        return False
    return any(str(key).split("_")[0] in kinds for key in section)


def _check_modality_names(config: CohortConfig, origin: str) -> None:
    for section, kinds in MODALITIES.items():
        for name in getattr(config, section):
            if name.split("_")[0] not in kinds:
                forms = " or ".join(f"{kind!r} or '{kind}_...'" for kind in kinds)
                raise CohortError(
                    f"{origin}: {section}.{name}: a modality here is named {forms}. "
                    f"Did you mean '{kinds[0]}_{name}'?"
                )


def read_config(path: Path) -> CohortConfig:
    """Read and check a cohort.yaml.

    Args:
        path: The file.

    Raises:
        CohortError: If it is missing, not YAML, names a key twice, or breaks the format.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = yaml.load(text, Loader=_NoDuplicates)
    except FileNotFoundError:
        raise CohortError(
            f"{path} is missing: a cohort folder holds cohort.yaml and a samples table."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise CohortError(f"{path} cannot be read as YAML: {reason}") from None
    return parse_config(raw, str(path))


class _NoDuplicates(yaml.SafeLoader):
    """YAML itself lets the second of two equal keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"key {twice!r} stands twice, line {node.start_mark.line + 1} on")
        return super().construct_mapping(node, deep)
