"""What the name of a column says, in English, German, French, and a little of their neighbours.

Source: own design, because no list of what hospitals call their outcomes is published; the words
are those of public schemas (MIMIC, eICU, TCGA, SUPPORT) and of everyday clinical spreadsheets. A
word too many only leaves a column out, with its reason; a word too few may let an answer in, which
is why `leaks` also looks at the values.
"""

import re
import unicodedata
from collections.abc import Mapping

from hybrid_zoo.pipelines.outcome_names import named_like_outcome

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "œ": "oe", "æ": "ae"})


def plain(name: str) -> str:
    """Spell a name in lower case, without accents, its words apart.

    Args:
        name: As a spreadsheet has it, such as `PatID` or `Größe (cm)`.

    Returns:
        Such as `pat id` or `groesse cm`.
    """
    apart = re.sub(r"\b[nN][°º]|№", "no ", name)
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", apart)
    folded = unicodedata.normalize("NFKD", apart.lower().translate(_UMLAUTS))
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9%]+", " ", letters).strip()


_OUTCOME = (
    # Anywhere in the name, so that compounds are met: Todesdatum, hospitaldeath, Überlebenszeit.
    r"death|dead|mortal|surviv|discharg|dischtime|deceas|expire|outcome|follow ?up|readmi|rehosp"
    r"|censor|relapse|recurren|remission|endpoint|autops|vitalstat|verstorben|gestorben|sterb"
    r"|letal|ueberleb|entlass|verweildauer|liegedauer|liegezeit|nachsorge|aufenthaltsdauer|nachbeob|wiederaufn"
    r"|zensier|rezidiv|komplikation|complication|endpunkt|exitus|verleg|todes|deces|deced"
    r"|survie|recidiv|rechute|fallec|supervivenc|defuncion|reingres|egreso|sopravviv|dimission"
    r"|degenza|overle[dn]|overlij|sterfte|ontslag|ligduur|heropname",
    # Words of their own.
    r"\b(los|\w*(icu|hosp|hospital|unit|actual|s)los|fu|futime|tte|ttd|os|pfs|dfs|rfs|efs|dss|dfi"
    r"|pfi|dod|died|dies|alive|tot|tod|lebt|mort|mort\d+|vivant|morte|muerte|muerto|sortie|suivi"
    r"|devenir|issue|censure|alta|estancia|seguimiento|outtime|charges?|costs?|tot\w*cst|kosten"
    r"|transfer(red)?|progression|progress|ausgang|final|disposition|ansprechen|responders?"
    r"|reponse)\b|(?<!motor )(?<!verbal )(?<!eye )\bresponse\b",
    # What happened, as against what was predicted; a horizon that lies after the prediction.
    r"\bactual|\bnew tumou?r|\b(vent|ventilat\w*|beatmungs?) ?(days|hours|tage|stunden|jours)"
    r"|\b(28|30|60|90|180|365) ?(d|days?|tage?n?|jours?|j|dias?)\b"
    r"|\b(day|tag|jour|d|j) ?(28|30|60|90|180|365)\b"
    r"|\b(a|at|after|nach|apres|bei) (1|3|5|6|12|24) ?"
    r"(y|yr|years?|jahre?n?|ans?|annees?|months?|monate?n?|mois)\b",
    # The place of care, unless it only says which unit it is.
    r"\b(icu|its|intensiv\w*|reanimation|rea|uci)\b(?! (type|unit|typ|id|name|stay id)\b)",
    # A status of nothing else than the patient.
    r"^(status|statut|state|time|event|events|zeit|temps)$"
    r"|\b(vital|life|event|final|end|patient|last|tumou?r|disease)\w* (status|statut|state)"
    r"|\b(status|statut) (vital|at|bei|am|end)|\bevent (time|date|day|status)",
    # Lengths of time that end with what is predicted.
    r"length of stay|^d time$|^time[a-z]{2,5}$|^fecha def|\bstay (length|days|duration)"
    r"|\bdays? (in|of) (the )?(hospital|icu|stay)"
    r"|\b(hospital|icu|hosp|kh|krankenhaus|stations|its|beatmungs) ?(days|tage|dauer|aufenthalt)"
    r"|\bduree\b.*\b(sejour|hospi\w*)|\b(nb )?jours\b.*\bhospi|\bdms\b"
    r"|\b(time|days|months|years|zeit|tage|monate|temps|delai|jours|mois|dias|tiempo) "
    r"(to|till|until|bis|jusqu\w*|hasta)\b",
    # The last time that anybody saw the patient.
    r"\blast (careunit|seen|contact|visit|follow|exam|known|alive|day|date|observ\w*)"
    r"|\bletzte\w* (kontakt|visite|besuch|untersuchung)|\bderniere?s? (contact|visite|nouvelles)"
    r"|\b(end|ende|fin) ?(datum|date)\b",
)
_ROLES: Mapping[str, re.Pattern[str]] = {
    "outcome": re.compile("|".join(_OUTCOME)),
    "score": re.compile(
        r"\bq?sofa|\b(saps|igs|apache|oasis|lods|mods|news|mews|meld|pelod|prism|mpm|euroscore"
        r"|grace|timi|curb|crb|lace|tiss|sirs)(i+|iv|\d+)?\b|\bchild pugh|\bcha ?2 ?ds"
    ),
    "group": re.compile(
        r"\b(sex|gender|geschlecht|sexe|sexo|sesso|geslacht|ethnic\w*|ethnie|etnia|race|rasse"
        r"|herkunft|insurance|versicherung\w*|assurance|language|sprache|langue|religion)\b"
        r"|\bage ?group|altersgruppe|tranche .*\bage\b"
    ),
    "site": re.compile(
        r"\b(site|hospital|centre|center|clinic|klinik\w*|krankenhaus|\w*zentrum|hopital"
        r"|etablissement|institution|standort|facility|ospedale|ziekenhuis)\b"
    ),
    "split": re.compile(r"^(split|cv|set|subset|partition|dataset|train test|(\w+ )?folds?)$"),
    "shortcut": re.compile(
        r"\b(view|projection|projektion|strahlengang|incidence|position|scanner|device|geraet\w*"
        r"|roentgengeraet|appareil|machine|manufacturer|hersteller|fabricant|vendor|portable"
        r"|modality|modalitaet|kvp|detector|protocol|protokoll|operator|untersucher)\b"
        r"|\b(model|station) name|aspect ratio|mean gr[ae]y|pixel spacing|slice thickness"
        r"|\borig (w|h)|\bexposure (time|index)"
        # How much was recorded tells how ill somebody was thought to be.
        r"|\b(n|nb|num|number|anz|anzahl|count|nombre)\b( of| de| der)? ?(obs|image|exam|visit|lab"
        r"|measure|note|bild|untersuchung|messung|aufnahme|visite|examen|mesure|record|scan|event)"
    ),
    "identity": re.compile(
        r"\b(initials|initialen|initiales|vorname|nachname|surname|first ?name|last ?name"
        r"|full ?name|name|nom|prenom|nombre"
        r"|apellido|address|adresse|strasse|street|e ?mail|telefon\w*|phone|telephone)$"
    ),
    "id": re.compile(
        r"\bids?\b|\b(nr|no|num|numero|mrn|pid|ipp|nip|nss|uid|key|rownames?|row|lfd)\b|nummer"
        r"|\bident|pseudonym|accession|\b(patient|patientin|subject|proband\w*|case|fall|barcode)$"
        r"|\b(pat|patient|subject|case|fall|record|study|studien|stay|image|exam|visit|sample|hadm"
        r"|icustay|encounter|series|accession)(id|nr|no|num)\b|\bdossier$"
        r"|^(unnamed 0|index|record)$"
    ),
    "patient": re.compile(
        r"^(?!.*(stay|visit|exam|image|sample))(.*\b|)(pat|subject|person|mrn"
        r"|proband|pid|ipp|nip|malade|paciente|paziente)"
    ),
    "count": re.compile(r"^(n|nb|num|number|anz|anzahl|count|nombre|counts)\b|\bcount$|anzahl"),
    "birth": re.compile(r"birth|\bdob\b|geburt|\bgeb\b|naissance|nacimiento|nascita|geboorte"),
    "index": re.compile(
        r"admi[st]|aufnahme|entree|entry|einschluss|inclusion|exam|untersuch|index|baseline"
        r"|study|scan|visit|besuch|presentation|surgery|\bop\b|ingreso|opname|ricovero|registr"
    ),
}
AGE = re.compile(r"^(age|alter|leeftijd|edad|eta)\b|\bage$|\balter$")


def says(name: str, what: str) -> bool:
    """Tell whether a name says something of its column.

    Args:
        name: As the spreadsheet has it.
        what: `outcome`, `score`, `group`, `site`, `split`, `shortcut`, `identity`, `id`, `patient`,
            `count`, `birth` or `index`.
    """
    # What would raise an alarm, and more; dates are told by their cells.
    if what == "outcome" and named_like_outcome(name) not in (None, "date"):
        return True
    return _ROLES[what].search(plain(name)) is not None
