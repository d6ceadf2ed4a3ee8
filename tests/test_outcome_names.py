import pytest

from hybrid_zoo.pipelines.outcome_names import named_like_outcome

NAMES = {
    "death or survival": """death death_30d inHospitalDeath DOD hospital_expire_flag days_to_death
        survival_days alive_at_90d vital_status mortality_30d verstorben Überleben ueberleben_monate
        überlebt Todesdatum Sterbedatum Krankenhausmortalität Tod décès deces_j28 mortalité
        statut_vital survie DateOfDeath""",
    "length of stay": """los los_days LOS icuLOS hospital_los length_of_stay LengthOfStay
        Liegedauer Verweildauer_Tage durée_de_séjour duree_sejour vent_free_days""",
    "discharge": "discharge_location dischargeDate dischtime disposition Entlassungsdatum mode_sortie",
    "later care": "icu_ever went_icu icu_admission readmission_30d rehospitalisation",
    "outcome": "outcome Outcome_6m status event final_diagnosis relapse Rezidiv_lokal",
    "follow-up": "follow_up_days FollowUp futime suivi_mois time_to_event lost_to_follow_up",
    "date": "admission_date AufnahmeDatum Geburtsdatum DOB timestamp",
}
HONEST = """close_contact colossal blossom age smoking_status marital_status mental_status icu_type
    ICUType family_history_of_death prior_los previous_discharge days_since_last_discharge
    vaginal_discharge mortality_risk predicted_los update candidate vaccination_up_to_date tot_protein
    tod_hours prothrombin_time deadspace_volume los_angeles_grade admission_type event_count mortar
    losartan status_epilepticus database dateline heart_rate sofa 37 _ größe""".split()


@pytest.mark.parametrize("reason", NAMES)
def test_names_of_what_comes_later_are_known(reason):
    for name in NAMES[reason].split():
        assert named_like_outcome(name) == reason, name


@pytest.mark.parametrize("name", HONEST)
def test_names_that_only_look_like_it_are_left_alone(name):
    assert named_like_outcome(name) is None
