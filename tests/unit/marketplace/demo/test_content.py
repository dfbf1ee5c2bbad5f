"""What the demonstration content promises about organisations, people and pilot projects."""

import dataclasses
import datetime
import itertools
import re
import shutil
from collections import Counter
from decimal import Decimal

import pytest

from marketplace.demo.content import CONTENT_ROOT, ContentError, load_content

SECTORS = {
    "petrochemicals", "chemicals", "metallurgy", "building_materials", "equipment", "automobiles", "electronics",
    "textiles", "light_industry", "medicine", "medical_devices", "semiconductors", "civil_space",
    "intelligent_vehicles",
}  # fmt: skip
KINDS = {
    "project_team", "pilot_centre", "angel", "venture_fund", "industrial_fund", "guidance_fund", "bank", "insurer",
    "assessor", "testing_body", "technology_manager", "guarantor", "pool_operator", "broker", "auditor", "operator",
    "regulator",
}  # fmt: skip
STATES = {
    "draft", "submitted", "verified", "published", "in_funding", "funded", "in_pilot", "completed", "failed",
    "withdrawn",
}  # fmt: skip
BUDGET_KINDS = {
    "equipment", "materials", "personnel", "centre_fees", "testing", "safety_environment", "reserve",
}  # fmt: skip
INSTRUMENTS = {
    "equity", "convertible", "loan", "warrant_loan", "grant", "invest_first_convert_later", "revenue_share",
}  # fmt: skip
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.fixture(scope="module")
def content():
    return load_content()


def sentences(text):
    return [part.strip() for part in re.split(r"(?<=[。？！])|(?<=[.?!])\s+(?=[A-Z])", text) if part.strip()]


def texts(record):
    """Yield (field name, text) of every text of a record and of the records inside it."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        for item in value if isinstance(value, tuple) else [value]:
            if dataclasses.is_dataclass(item):
                yield from texts(item)
            elif isinstance(item, str):
                yield field.name, item


def gb32100_is_valid(code):
    """Check both check characters: modulo 11 of the organisation code, modulo 31 of the whole (GB 32100-2015)."""
    if len(code) != 18 or any(letter not in CREDIT_ALPHABET for letter in code):
        return False
    body, weights = code[8:16], (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(int(letter, 36) * weight for letter, weight in zip(body, weights, strict=True)) % 11
    if code[16] != {10: "X", 11: "0"}.get(rest, str(rest)):
        return False
    total = sum(CREDIT_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
    return code[17] == CREDIT_ALPHABET[-total % 31]


def test_the_market_has_enough_organisations_of_every_kind(content):
    counts = Counter(organisation.kind for organisation in content.organisations)
    assert len(content.organisations) >= 26
    assert set(counts) == KINDS
    for kind, least in {"bank": 2, "insurer": 3, "pilot_centre": 3, "project_team": 8, "guarantor": 3}.items():
        assert counts[kind] >= least, kind
    assert all(counts[kind] >= 2 for kind in ("angel", "venture_fund", "industrial_fund", "guidance_fund"))
    forms = {organisation.form for organisation in content.organisations if organisation.kind == "project_team"}
    assert forms == {"enterprise", "university", "institute"}


def test_codes_and_addresses_are_unique(content):
    for values in (
        [organisation.code for organisation in content.organisations],
        [organisation.credit_code for organisation in content.organisations],
        [organisation.name_zh for organisation in content.organisations],
        [organisation.name_en for organisation in content.organisations],
        [project.code for project in content.projects],
        [project.title_zh for project in content.projects],
        [project.title_en for project in content.projects],
        [user.email for organisation in content.organisations for user in organisation.users],
    ):
        assert [value for value, number in Counter(values).items() if number > 1] == []


def test_every_credit_code_has_right_check_characters_and_is_visibly_fictional(content):
    assert gb32100_is_valid("91350100M000100Y43")  # the example printed in GB 32100-2015
    for organisation in content.organisations:
        assert gb32100_is_valid(organisation.credit_code), organisation.code
        assert organisation.credit_code[2:8] == organisation.region_code
        assert organisation.credit_code[8:12] == "DEM0"


def test_every_organisation_has_an_owner_and_addresses_that_cannot_receive_mail(content):
    for organisation in content.organisations:
        roles = [user.role for user in organisation.users]
        assert "owner" in roles
        assert set(roles) <= {"owner", "editor", "signatory", "viewer"}
        assert all(user.email.endswith("@demo.pilotage.example") for user in organisation.users)
    all_roles = {user.role for organisation in content.organisations for user in organisation.users}
    assert all_roles == {"owner", "editor", "signatory", "viewer"}


def test_funds_and_only_funds_state_whose_money_they_hold(content):
    funds = {"angel", "venture_fund", "industrial_fund", "guidance_fund"}
    codes = {organisation.code for organisation in content.organisations}
    for organisation in content.organisations:
        assert (organisation.fund is not None) == (organisation.kind in funds), organisation.code
        if organisation.fund is not None:
            assert 0 <= organisation.fund.state_owned_bps <= 10_000
            assert 0 <= organisation.fund.fiscal_bps <= 10_000
            assert organisation.fund.parent is None or organisation.fund.parent in codes
    assert content.get_organisation("lufeng-industrial").fund.state_owned_bps == 3_000


def test_projects_cover_every_sector_and_most_are_published(content):
    counts = Counter(project.sector for project in content.projects)
    assert len(content.projects) >= 40
    assert set(counts) == SECTORS
    assert min(counts.values()) >= 2
    states = Counter(project.state for project in content.projects)
    assert set(states) == STATES
    assert states["published"] * 2 > len(content.projects)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_two_summaries_share_a_sentence_or_most_of_one(content, language):
    """A template shows itself as runs that repeat from summary to summary."""
    runs = {}
    for project in content.projects:
        found = sentences(getattr(project, f"summary_{language}"))
        assert 2 <= len(found) <= 4, project.code
        for sentence in found:
            units = re.findall(r"[\u4e00-\u9fff]|\w+", sentence)
            runs[project.code, sentence] = {tuple(units[i : i + 4]) for i in range(max(1, len(units) - 3))}
    assert len({sentence for _, sentence in runs}) == len(runs)
    for (first, left), (second, right) in itertools.combinations(runs.items(), 2):
        shared = len(left & right) / min(len(left), len(right))
        assert shared < 0.25, (first, second)


def test_each_project_names_its_own_scale_up_step(content):
    for language in ("zh", "en"):
        steps = [getattr(project, f"scale_up_step_{language}") for project in content.projects]
        assert len(set(steps)) == len(steps)
        assert all(re.search(r"\d", step) for step in steps)
    for project in content.projects:
        assert Decimal(project.scale_up_factor) > 1
        assert 0 <= Decimal(project.unproven_equipment_share) <= 1
        assert project.new_process_steps >= 1
        assert project.recycle_streams >= 0
        assert project.lead_organisation_size in {"micro", "small", "medium", "large"}


def test_budget_lines_add_to_the_ask(content):
    for project in content.projects:
        assert set(project.budget) <= BUDGET_KINDS, project.code
        assert min(project.budget.values()) > 0
        assert project.budget_minor == sum(need.amount_minor for need in project.funding_needs), project.code
        assert 3_000_000_00 <= project.budget_minor <= 80_000_000_00, project.code
        for need in project.funding_needs:
            assert need.instrument in INSTRUMENTS
            assert 0 < need.smallest_ticket_minor <= need.amount_minor
            assert need.deadline < project.planned_end
        # A centre is paid exactly where one is named.
        assert (project.pilot_centre is None) == ("centre_fees" not in project.budget), project.code


def test_dates_run_in_order(content):
    for project in content.projects:
        assert datetime.date(2026, 1, 1) <= project.planned_start < project.planned_end, project.code
        assert project.planned_end <= datetime.date(2029, 12, 31)
        planned = [milestone.planned_on for milestone in project.milestones]
        assert planned == sorted(set(planned)), project.code
        assert project.planned_start <= planned[0], project.code
        assert planned[-1] <= project.planned_end, project.code


def test_milestones_carry_a_threshold_and_share_the_whole_budget(content):
    for project in content.projects:
        assert 2 <= len(project.milestones) <= 4
        assert sum(Decimal(milestone.budget_share) for milestone in project.milestones) == 1, project.code
        for milestone in project.milestones:
            # Papers and completion of scenario A pass or fail without a number of their own.
            if (project.code, milestone.code) not in {("flow-chem", "M0"), ("flow-chem", "M2")}:
                assert re.search(r"\d", milestone.acceptance_zh), (project.code, milestone.code)


def test_levels_are_believable_and_never_assessed_above_the_claim(content):
    for project in content.projects:
        assert 2 <= len(project.elements) <= 4
        assert project.trl_claimed == min(element.trl for element in project.elements), project.code
        assert project.mrl_claimed == min(element.mrl for element in project.elements), project.code
        assert 4 <= project.trl_claimed < project.target_trl <= 9
        assert 4 <= project.mrl_claimed < project.target_mrl <= 10
        if project.trl_assessed is not None:
            assert 1 <= project.trl_assessed <= project.trl_claimed
        if project.mrl_assessed is not None:
            assert 1 <= project.mrl_assessed <= project.mrl_claimed
        if project.state in {"draft", "submitted"}:
            assert project.trl_assessed is None, project.code
        else:
            assert project.trl_assessed is not None, project.code
    assert any(project.trl_assessed and project.trl_assessed < project.trl_claimed for project in content.projects)


def test_codes_of_standards_have_their_form_and_regions_are_named(content):
    regions = {region.code for region in content.regions}
    for project in content.projects:
        assert re.fullmatch(r"[1-4]\d{3}", project.industry_code), project.code
        assert project.region_code in regions
    assert {organisation.region_code for organisation in content.organisations} <= regions


def test_every_organisation_that_a_project_names_exists_in_the_right_role(content):
    kinds = {organisation.code: organisation.kind for organisation in content.organisations}
    for project in content.projects:
        assert kinds[project.team] == "project_team"
        assert project.pilot_centre is None or kinds[project.pilot_centre] == "pilot_centre"
        assert project.rights
        assert all(right.owner in kinds for right in project.rights)
        menu = {project.failure_menu.first, project.failure_menu.then}
        assert len(menu) == 2
        assert menu <= {"stop", "shrink", "re_scope", "sell_ip", "transfer", "retest"}


def test_every_text_is_in_its_language(content):
    seen = Counter()
    for name, text in texts(content):
        if name.endswith("_zh"):
            assert CHINESE.search(text), (name, text)
            seen["zh"] += 1
        elif name.endswith("_en"):
            assert not CHINESE.search(text), (name, text)
            assert re.search("[A-Za-z]", text), (name, text)
            seen["en"] += 1
    assert seen["zh"] == seen["en"] > 900


def test_scenario_a_has_the_figures_that_are_printed(content):
    project = content.get_project("flow-chem")
    assert project.budget == {
        "equipment": 520_000_000, "materials": 260_000_000, "personnel": 290_000_000, "centre_fees": 300_000_000,
        "testing": 80_000_000, "safety_environment": 50_000_000, "reserve": 100_000_000,
    }  # fmt: skip
    assert (project.trl_assessed, project.mrl_assessed) == (6, 5)
    assert (project.target_trl, project.target_mrl) == (7, 8)
    assert [milestone.code for milestone in project.milestones] == ["M0", "M1", "M2", "M3"]
    assert project.milestones[-1].planned_on == datetime.date(2028, 9, 30)
    assert "82%" in project.milestones[-1].acceptance_en


@pytest.fixture
def copy(tmp_path):
    root = tmp_path / "content"
    shutil.copytree(CONTENT_ROOT, root)
    return root


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('team = "lanqiao"', 'team = "lanqiao"\nteem = "x"', "unknown keys: teem"),
        ('team = "lanqiao"\n', "", "lacks: team"),
        ("solids_handling = true", "solids_handling = 1", "must be of type bool, not int"),
        ("recycle_streams = 1", "recycle_streams = 1.0", "must be of type int, not float"),
        ("planned_start = 2027-01-10", 'planned_start = "2027-01-10"', "must be of type date, not str"),
        ("elements = [", "elements = [ 3,", "elements[0] is not a table"),
        ("[[project]]", "[[projects]]", "No [[project]] rows"),
        ("[[project]]", "[[project", "is not TOML"),
    ],
)
def test_a_content_file_that_does_not_fit_is_refused_with_its_place(copy, old, new, told):
    path = copy / "projects" / "chemicals.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as refusal:
        load_content(copy)
    assert told in refusal.value.message
    assert refusal.value.code == "demo_content_invalid"


def test_a_missing_content_file_is_named(copy):
    (copy / "schemes.toml").unlink()
    with pytest.raises(ContentError, match=r"schemes\.toml is missing"):
        load_content(copy)
