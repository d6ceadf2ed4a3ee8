"""Tells a column that is named like an outcome or a date, in English, German and French."""

import re
import unicodedata
from typing import NamedTuple

_BORDERS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[a-z]+")


class _Rule(NamedTuple):
    """What names have in common that stand for one thing.

    Each text is one or more whole words; `begins` and `ends` are parts of one, for German compounds
    and inflected forms; `whole` must be all of the name; with a word of `unless` in it, a name
    stands for something else.
    """

    reason: str
    words: tuple[str, ...]
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


# What happened before, or was only foreseen, is no outcome of this sample.
_NOT_YET = tuple(
    """prior previous previously past history hx family familial since predicted expected risk prob
    probability risiko risque anamnese anamnestisch vorherige vorheriger fruhere fruher frueher
    antecedent antecedents precedent precedente""".split()
)
_RULES = (
    _Rule(
        "death or survival",
        words=(
            *"death dead died dies alive mort morte deces vivant exitus dod deathtime".split(),
            *("expired", "expire", "vital status", "statut vital", "vitalstatus"),
        ),
        begins=tuple(
            "mortal surviv survie deceas deced verstorb gestorb ueberleb uberleb todes sterbe letal"
            "".split()
        ),
        ends=("mortality", "mortalitat", "mortalitaet", "letalitat", "letalitaet", "survival"),
        whole=("tod", "tot"),  # inside a name: time of day, total
        unless=_NOT_YET,
    ),
    _Rule(
        "length of stay",
        words=(
            *("los", "length of stay", "length stay", "duration of stay", "stay duration"),
            *("hospital stay", "icu stay", "stay days", "stay hours", "duree sejour"),
            *("duree de sejour", "duree du sejour", "duree hospitalisation", "free days"),
        ),
        ends=("verweildauer", "liegedauer", "aufenthaltsdauer"),
        unless=(*_NOT_YET, "los angeles"),
    ),
    _Rule(
        "discharge",
        words=("discharge", "discharged", "disposition", "dischtime", "disch", "sortie"),
        begins=("entlass",),
        unless=(
            *_NOT_YET,
            *"vaginal ear nasal nipple wound urethral eye ocular purulent colour color".split(),
        ),
    ),
    _Rule(
        "later care",
        words=(
            *("icu ever", "ever icu", "ever intubated", "ever ventilated", "icu later", "went icu"),
            *("went to icu", "admitted to icu", "icu transfer", "icu admission offset"),
            *("icu admission time", "icu admission day", "icu admission days", "icu release"),
            *("readmission", "readmitted", "readmit"),
        ),
        begins=("rehospital", "wiederaufnahme", "rehospit"),
        whole=("icu admission", "icu admitted"),
        unless=_NOT_YET,
    ),
    _Rule(
        "outcome",
        words=(
            *("outcome", "outcomes", "endpoint", "endpunkt", "relapse", "recurrence", "rechute"),
            *("final diagnosis", "final status", "patient status", "diagnostic final"),
        ),
        begins=("rezidiv", "enddiagnose", "abschlussdiagnose", "entlassdiagnose"),
        whole=("status", "event", "label", "target"),
        unless=_NOT_YET,
    ),
    _Rule(
        "follow-up",
        words=(
            *("follow up", "followup", "futime", "fup", "suivi", "fu days", "fu months", "fu time"),
            *("fu years", "last contact", "last seen", "dernier contact", "dernieres nouvelles"),
            *("letzter kontakt", "time to event", "days to event", "tte"),
        ),
        begins=("nachbeobacht",),
    ),
    _Rule(
        "date",
        words=("date", "dates", "datetime", "timestamp", "dob"),
        ends=("datum",),
        unless=("up to date",),
    ),
)


def named_like_outcome(name: str) -> str | None:
    """Tell whether a column is named like an outcome or a date.

    Words count, not letters: `los_days` is a length of stay, `close_contact` is none. A name that
    says that it happened before, or is a risk, is no outcome: `family_history_of_death`.

    Args:
        name: A column of samples or a variable, in English, German or French; `camelCase`,
            `snake_case`, accents and umlauts in any spelling.

    Returns:
        What it is named like, such as "length of stay"; None if nothing is conspicuous.

    Source:
        Own design, from columns of MIMIC-IV, eICU, the Mayo PBC data and the COVID-19 image
        collections that hold what came after.
    """
    words = _words(name)
    return next((rule.reason for rule in _RULES if _fits(rule, words)), None)


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    ascii_only = plain.encode("ascii", "ignore").decode()
    return _WORDS.findall(_BORDERS.sub(" ", ascii_only).lower())


def _fits(rule: _Rule, words: list[str]) -> bool:
    text = f" {' '.join(words)} "
    if any(f" {word} " in text for word in rule.unless):
        return False
    return (
        text.strip() in rule.whole
        or any(f" {word} " in text for word in rule.words)
        or any(word.startswith(rule.begins) or word.endswith(rule.ends) for word in words)
    )
