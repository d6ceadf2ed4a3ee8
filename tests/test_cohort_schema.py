import pytest

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.schema import parse_config, read_config

SMALL = {
    "version": 1,
    "name": "c",
    "targets": {"death": {"kind": "binary"}},
    "tabular": {"age": {"kind": "numeric"}},
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tabluar": {}}, "unknown key 'tabluar'. Did you mean 'tabular'"),
        (
            {"events": {"step_huors": 1}},
            "unknown key 'events.step_huors'. Did you mean 'step_hours'",
        ),
        (
            {"events": {"sequence_icu": {"vars": 1}}},
            "'events.sequence_icu.vars'. Did you mean 'variables'",
        ),
        (
            {"events": {"variables": {"HR": {"rnage": [0, 1]}}}},
            "'events.variables.HR.rnage'. Did you mean 'range'",
        ),
        ({"threshold": {"death": {"sensitivty": 0.9}}}, "Did you mean 'sensitivity'"),
    ],
)
def test_an_unknown_key_is_named_in_full_with_the_nearest_known_one(change, message):
    with pytest.raises(CohortError, match=message):
        parse_config(SMALL | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": {"t": {"kind": "survival"}}}, "kind survival is reserved, not yet supported"),
        ({"targets": {"t": {"kind": "numeric"}}}, "kind numeric is reserved"),
        ({"targets": {"t": {"kind": "multiclass"}}}, "needs classes"),
        ({"split": "s", "folds": "f"}, "split or folds, not both"),
        ({"tabular": {}}, "at least one of tabular, events, images, notes"),
        ({"tabular": {"death": {"kind": "numeric"}}}, "'death' is in tabular and in targets"),
        ({"scores": ["age"]}, "'age' is in tabular and in scores"),
        ({"threshold": {"dead": {"sensitivity": 0.9}}}, "not one of the targets"),
        ({"groups": "age"}, "key 'groups': got text, expected a list"),
        ({"version": 2}, "key 'version': got a number, expected 1"),
        ({"events": {"wearable": {}, "sequence": {}}}, "Did you mean 'sequence_wearable'"),
        ({"events": {"start_hours": 2, "end_hours": 1}}, "start_hours at or before end_hours"),
        ({"tabular": {"age": {"kind": "numeric", "range": [9, 0]}}}, "lowest, highest"),
        ({"events": {"variables": {"HR": {"normal": [100, 60]}}}}, "lowest, highest"),
    ],
)
def test_a_wrong_value_is_one_readable_line(change, message):
    with pytest.raises(CohortError, match=message) as error:
        parse_config(SMALL | change)
    assert "\n" not in str(error.value)


def test_every_mistake_is_reported_at_once():
    with pytest.raises(CohortError) as error:
        parse_config({"version": 1, "nme": "c", "targets": {}})
    assert len(str(error.value).splitlines()) == 3


def test_a_plain_section_means_the_default_modality():
    plain = parse_config(SMALL | {"events": {"step_hours": 1}, "notes": None})
    named = parse_config(
        SMALL | {"events": {"sequence": {"step_hours": 1}}, "notes": {"tokens": {}}}
    )
    assert plain == named
    assert parse_config(plain.to_dict()) == plain


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "cohort.yaml"
    path.write_text("version: 1\nname: a\nname: b\n")
    with pytest.raises(CohortError, match="'name' stands twice"):
        read_config(path)
