"""What the demonstration content promises about mandates, cover, rounds, rules and the other stories."""

import datetime
import itertools
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from marketplace.demo.content import load_content
from marketplace.demo.project_input import compute_project_input
from marketplace.funding.linkage_rules import Share, evaluate
from marketplace.funding.models import BASES, CLOSING_RULES, EQUITY_INSTRUMENTS, LOAN_INSTRUMENTS, READINGS, RULE_KINDS
from marketplace.funding.states import COMMITMENT_STATES, ROUND_STATES
from marketplace.projects.schemas import read_project
from risk.maturity import assess_eligibility

FUNDERS = {"angel", "venture_fund", "industrial_fund", "guidance_fund", "bank"}


@pytest.fixture(scope="module")
def content():
    return load_content()


def refusals(mandate, project):
    """Name the hard constraints of a mandate that a project fails."""
    needs = [need for need in project.funding_needs if need.instrument in mandate.instruments]
    trl, mrl = project.trl_assessed or project.trl_claimed, project.mrl_assessed or project.mrl_claimed
    failed = set()
    if not needs:
        failed.add("instrument")
    elif not any(
        need.smallest_ticket_minor <= mandate.ticket_max_minor and need.amount_minor >= mandate.ticket_min_minor
        for need in needs
    ):
        failed.add("ticket")
    if mandate.sectors and project.sector not in mandate.sectors:
        failed.add("sector")
    if mandate.region_prefixes and not project.region_code.startswith(mandate.region_prefixes):
        failed.add("region")
    if not mandate.trl_from <= trl <= mandate.trl_to:
        failed.add("trl")
    if not mandate.mrl_from <= mrl <= mandate.mrl_to:
        failed.add("mrl")
    if project.budget_minor > mandate.round_size_max_minor:
        failed.add("round_size")
    if "ip_owned" in mandate.must_have and all(right.owner != project.team for right in project.rights):
        failed.add("ip_owned")
    if "pilot_site_booked" in mandate.must_have and project.pilot_centre is None:
        failed.add("pilot_site_booked")
    for exclusion in mandate.exclusions:
        value = getattr(project, exclusion.field)
        if exclusion.operator == "is":
            hit = str(value) == exclusion.value
        else:
            hit = Decimal(value) > Decimal(exclusion.value)
        if hit:
            failed.add(f"exclusion_{exclusion.field}")
    return failed


def test_every_project_fits_the_input_of_the_project_services(content):
    for project in content.projects:
        values = compute_project_input(project, content=content, pilot_centre_id=None)
        read = read_project(values)
        assert sum(line["amount_minor"] for line in read["budget_lines"]) == project.budget_minor


def test_every_funder_has_one_mandate_with_ranges_in_order(content):
    kinds = {organisation.code: organisation.kind for organisation in content.organisations if organisation.verified}
    funders = {code for code, kind in kinds.items() if kind in FUNDERS}
    assert {mandate.funder for mandate in content.mandates} == funders
    assert len(content.mandates) == len(funders)
    for mandate in content.mandates:
        assert 1 <= mandate.trl_from <= mandate.trl_to <= 9
        assert 1 <= mandate.mrl_from <= mandate.mrl_to <= 10
        assert 0 < mandate.ticket_min_minor <= mandate.ticket_max_minor <= mandate.round_size_max_minor
        assert mandate.budget_remaining_minor <= mandate.budget_minor
        assert mandate.budget_from < mandate.budget_to
        assert mandate.valid_from < mandate.valid_to
        assert sum(Decimal(weight) for weight in mandate.weights.values()) == 1
        assert set(mandate.must_have) <= {"ip_owned", "pilot_site_booked", "insurance_bound"}
        assert all(exclusion.operator in {"above", "is"} for exclusion in mandate.exclusions)


def test_every_mandate_takes_some_projects_and_refuses_others_for_varied_reasons(content):
    reasons = Counter()
    for mandate in content.mandates:
        answers = [refusals(mandate, project) for project in content.projects]
        assert sum(not answer for answer in answers) >= 1, mandate.funder
        assert sum(bool(answer) for answer in answers) >= 10, mandate.funder
        reasons.update(reason for answer in answers for reason in answer)
    assert len(reasons) >= 9, reasons
    # Some projects fail for one reason alone: that is the refusal that a team can act on.
    alone = Counter(
        next(iter(answer))
        for mandate, project in itertools.product(content.mandates, content.projects)
        if len(answer := refusals(mandate, project)) == 1
    )
    assert len(alone) >= 6, alone


def test_insurers_offer_one_product_each_marked_as_fictional(content):
    insurers = {organisation.code for organisation in content.organisations if organisation.kind == "insurer"}
    assert {product.insurer for product in content.insurance_products} == insurers
    assert len(content.insurance_products) == len(insurers) >= 3
    for product in content.insurance_products:
        assert product.filing_is_fictional
        assert "虚构" in product.filing_number
        loadings = product.loadings
        assert sum(Decimal(part) for part in (loadings.variable, loadings.commission, loadings.profit)) < 1
        assert Decimal(loadings.commission) <= Decimal(product.commission_cap)
        assert product.trigger_map.status == "judgement"
        assert product.valid_from < product.valid_to
        assert product.sum_min_minor < product.sum_max_minor
        assert len(product.disclosures_zh) == len(product.disclosures_en) >= 2


def test_quote_requests_insure_no_more_than_the_budget_and_fit_a_product(content):
    products = {product.insurer: product for product in content.insurance_products}
    schemes = {scheme.code for scheme in content.schemes}
    organisations = {organisation.code for organisation in content.organisations}
    for request in content.quote_requests:
        project = content.get_project(request.project)
        insured = sum(request.schedule.values())
        assert all(amount <= project.budget[item] for item, amount in request.schedule.items()), request.project
        assert request.limit_minor <= insured - request.deductible_minor
        assert request.cover_from < project.planned_end < request.cover_to
        assert request.subsidy_scheme is None or request.subsidy_scheme in schemes
        assert all(part.assignee in organisations for part in request.assignments)
        assert sum(Decimal(part.share) for part in request.assignments) < 1
        eligibility = assess_eligibility(
            "pilot_failure_insurance", trl=project.trl_assessed, mrl=project.mrl_assessed, as_of=request.cover_from
        )
        assert eligibility.answer != "closed"
        fitting = [
            insurer
            for insurer in request.insurers
            if set(request.schedule) <= set(products[insurer].cost_items)
            and products[insurer].sum_min_minor <= insured <= products[insurer].sum_max_minor
            and request.limit_minor <= products[insurer].limit_max_minor
            and request.insurer_share in products[insurer].insurer_share_options
            and any(
                Decimal(option) * insured == request.deductible_minor for option in products[insurer].deductible_options
            )
        ]
        assert fitting, request.project


def test_scenario_a_is_covered_and_committed_as_printed(content):
    request = next(request for request in content.quote_requests if request.project == "flow-chem")
    assert sum(request.schedule.values()) == 930_000_000
    assert (request.deductible_minor, request.limit_minor) == (93_000_000, 400_000_000)
    assert request.subsidy_minor == 30_000_000
    assert [(part.assignee, part.share) for part in request.assignments] == [("zhongqi-bank", "0.40")]
    product = next(product for product in content.insurance_products if product.insurer == "anlan-insurance")
    trigger = Decimal("0.30") * Decimal(product.trigger_map.insured_cause)
    assert trigger * Decimal(product.trigger_map.determination_agrees) == Decimal("0.12")
    assert Decimal(product.trigger_map.loss_given_trigger_of_limit) * request.limit_minor == 360_000_000
    flow = next(round_ for round_ in content.rounds if round_.project == "flow-chem")
    assert flow.pre_money_minor == 1_400_000_000
    assert {commitment.investor: commitment.amount_minor for commitment in flow.commitments} == {
        "chenlu-angel": 200_000_000, "lufeng-industrial": 500_000_000, "luzhong-guidance": 400_000_000,
        "zhongqi-bank": 500_000_000,
    }  # fmt: skip


def test_rounds_come_in_every_state_and_agree_with_their_projects(content):
    expected = {
        "open": {"in_funding"}, "closed": {"funded", "in_pilot", "completed", "failed"}, "failed": {"published"},
        "withdrawn": {"withdrawn"}, "draft": {"published"},
    }  # fmt: skip
    assert len(content.rounds) >= 8
    assert {round_.state for round_ in content.rounds} == set(expected) == set(ROUND_STATES)
    for round_ in content.rounds:
        assert content.get_project(round_.project).state in expected[round_.state], round_.code
        assert (round_.closed_on is None) == (round_.state in {"draft", "open"})
        assert (round_.reason_en is not None) == (round_.state in {"failed", "withdrawn"})
        assert round_.opened_on < round_.deadline_on
    funded = {round_.project for round_ in content.rounds if round_.state in {"open", "closed"}}
    assert funded == {
        project.code
        for project in content.projects
        if project.state in {"in_funding", "funded", "in_pilot", "completed", "failed"}
    }


def test_commitments_keep_within_the_round_and_the_maturity_of_the_project(content):
    kinds = {organisation.code: organisation.kind for organisation in content.organisations if organisation.verified}
    for round_ in content.rounds:
        project = content.get_project(round_.project)
        assert round_.closing_rule in CLOSING_RULES
        assert round_.minimum_minor <= round_.target_minor <= round_.cap_minor
        keys = [(commitment.investor, commitment.instrument) for commitment in round_.commitments]
        assert len(set(keys)) == len(keys)
        for commitment in round_.commitments:
            assert commitment.state in COMMITMENT_STATES
            allowed = LOAN_INSTRUMENTS if kinds[commitment.investor] == "bank" else EQUITY_INSTRUMENTS
            assert kinds[commitment.investor] in FUNDERS
            assert commitment.instrument in allowed
            assert commitment.instrument in {need.instrument for need in project.funding_needs}
            assert commitment.amount_minor >= round_.ticket_minimum_minor
            assert 0 <= commitment.paid_minor <= commitment.amount_minor
            assert (commitment.state == "paid") == (commitment.paid_minor == commitment.amount_minor)
            assert round_.opened_on <= commitment.committed_on <= (round_.closed_on or round_.deadline_on)
            if commitment.instrument in EQUITY_INSTRUMENTS:
                assert commitment.amount_minor <= round_.investor_limit_minor
            eligibility = assess_eligibility(
                commitment.instrument, trl=project.trl_assessed, mrl=project.mrl_assessed, as_of=commitment.committed_on
            )
            assert eligibility.answer != "closed", (round_.code, commitment.instrument)
        equity = sum(row.amount_minor for row in round_.commitments if row.instrument in EQUITY_INSTRUMENTS)
        loans = sum(row.amount_minor for row in round_.commitments if row.instrument in LOAN_INSTRUMENTS)
        assert equity <= round_.cap_minor
        assert loans <= round_.loan_cap_minor
        if round_.state == "closed":
            assert equity + loans == project.budget_minor
        if round_.state == "failed":
            assert equity < round_.minimum_minor


def test_committed_money_fits_the_mandate_behind_it(content):
    mandates = {mandate.funder: mandate for mandate in content.mandates}
    for round_ in content.rounds:
        if round_.state != "open":
            continue
        for commitment in round_.commitments:
            mandate = mandates[commitment.investor]
            failed = refusals(mandate, content.get_project(round_.project))
            assert not failed, (round_.code, commitment.investor, failed)
            assert mandate.ticket_min_minor <= commitment.amount_minor <= mandate.ticket_max_minor


def test_linkage_rules_name_a_scheme_in_force_and_words_of_the_funding_service(content):
    schemes = {scheme.code: scheme for scheme in content.schemes}
    kinds = Counter()
    for round_ in content.rounds:
        for rule in round_.rules:
            scheme = schemes[rule.scheme]
            assert scheme.valid_from <= round_.opened_on <= (scheme.valid_to or datetime.date.max)
            assert rule.kind in RULE_KINDS
            assert rule.reading in READINGS
            assert rule.base in BASES
            Decimal(rule.threshold)
            kinds[rule.kind, rule.reading] += 1
    assert ("private_ratio_min", "nominal") in kinds
    assert ("private_ratio_min", "look_through") in kinds


def evaluate_rules(content, round_):
    shares = [
        Share(
            label=row.investor,
            kind=organisation.kind,
            amount_minor=row.amount_minor,
            state_owned_bps=organisation.fund.state_owned_bps if organisation.fund else 0,
            is_loan=row.instrument in LOAN_INSTRUMENTS,
        )
        for row in round_.commitments
        for organisation in [content.get_organisation(row.investor)]
    ]
    return [
        (rule, evaluate(kind=rule.kind, threshold=rule.threshold, reading=rule.reading, base=rule.base, shares=shares))
        for rule in round_.rules
    ]


def test_binding_rules_hold_and_scenario_a_fails_only_by_look_through(content):
    for round_ in content.rounds:
        for rule, outcome in evaluate_rules(content, round_):
            assert outcome.holds or not rule.binding, (round_.code, rule.kind, rule.reading)
    flow = next(round_ for round_ in content.rounds if round_.project == "flow-chem")
    outcomes = {(rule.kind, rule.reading): outcome for rule, outcome in evaluate_rules(content, flow)}
    assert outcomes["guidance_share_max", "nominal"].value == Fraction(4, 11)
    assert outcomes["private_ratio_min", "nominal"].value == Fraction("1.75")
    assert outcomes["private_ratio_min", "look_through"].value == Fraction("1.375")
    assert outcomes["private_ratio_min", "look_through"].missing_minor == 50_000_000


def test_one_round_is_told_differently_by_its_reporters(content):
    told = [round_ for round_ in content.rounds if round_.claims]
    assert [round_.code for round_ in told] == ["R-LNP"]
    paid = {commitment.investor: commitment.paid_minor for commitment in told[0].commitments}
    by_investor = {}
    for claim in told[0].claims:
        assert claim.filed_on >= claim.paid_on
        by_investor.setdefault(claim.investor, set()).add((claim.amount_minor, claim.paid_on))
    own = {claim.investor: claim.amount_minor for claim in told[0].claims if claim.reporter == claim.investor}
    assert all(paid[investor] == amount for investor, amount in own.items())
    assert len({amount for amount, _ in by_investor["shanhai-ventures"]}) == 2
    assert len({day for _, day in by_investor["linxi-angel"]}) == 2
    assert "demo-science-fund" not in by_investor


def test_scheme_rules_are_dated_and_say_what_is_invented(content):
    assert len(content.schemes) >= 6
    assert len({(scheme.code, scheme.valid_from) for scheme in content.schemes}) == len(content.schemes)
    for scheme in content.schemes:
        assert scheme.status in {"verified", "secondary", "invented"}
        assert scheme.invented == ("虚构" in scheme.document_number) == (scheme.date_basis == "invented")
        assert scheme.valid_to is None or scheme.valid_from < scheme.valid_to
        assert scheme.source
    assert {scheme.invented for scheme in content.schemes} == {True, False}
    pool = next(scheme for scheme in content.schemes if scheme.code == "demo-pool-2026")
    assert pool.parameters["compensation_share"] == "0.40"
    assert pool.parameters["per_loan_limit_minor"] == 150_000_000


def test_the_other_stories_add_up(content):
    stories = content.arrangements
    organisations = {organisation.code for organisation in content.organisations}
    guarantee = next(scheme for scheme in content.schemes if scheme.code == "technology-guarantee-2024").parameters
    for loan in stories.guaranteed_loan:
        assert content.get_project(loan.project).trl_assessed == 5
        assert sum(Decimal(layer.share) for layer in loan.layers) == 1
        assert {layer.organisation for layer in loan.layers} <= organisations
        assert loan.layers[0].organisation == loan.bank
        assert Decimal(loan.layers[0].share) >= Decimal(guarantee["bank_share_min"])
        assert loan.payout_rate_cap == guarantee["payout_rate_cap"]
    for licence in stories.licence:
        assert {licence.licensor, licence.licensee} <= organisations
        assert Counter(report.period for report in licence.reports).most_common(1)[0][1] == 2
        for report in licence.reports:
            assert Decimal(licence.royalty_rate) * report.base_minor == report.royalty_minor
    for sub_fund in stories.sub_fund:
        fund = content.get_organisation(sub_fund.fund).fund
        assert sum(partner.committed_minor for partner in sub_fund.partners) == fund.size_minor
        public = sum(partner.committed_minor for partner in sub_fund.partners if partner.public)
        assert public * 10_000 == fund.fiscal_bps * fund.size_minor
        assert len(sub_fund.projects) == 3
        assert sub_fund.catch_up == sub_fund.carry, "the template's catch-up ends where its carry begins"
        partners = {partner.organisation for partner in sub_fund.partners}
        assert set(sub_fund.concession_to) < partners - {sub_fund.manager}
        assert sub_fund.concession_approved_on < sub_fund.signed_on < sub_fund.call_dates[0]
        assert {content.get_project(code).sector for code in sub_fund.projects} <= {"medicine", "medical_devices"}
    for pool in stories.pool:
        banks = {member.bank for member in pool.members}
        assert len({loan.bank for loan in pool.loans}) == 2
        assert {loan.bank for loan in pool.loans} < banks <= organisations
        assert all(member.used_minor <= member.year_limit_minor for member in pool.members)
        assert pool.year_limit_minor <= pool.balance_minor
        for loan in pool.loans:
            assert pool.opened_on < loan.signed_on < loan.drawn_on < loan.default_on < loan.collateral.sold_on
            assert loan.default_on < loan.filed_on < loan.compensated_on
            assert (loan.filed_on - loan.default_on).days <= pool.filing_days
        assert [loan.filed_on for loan in pool.loans] == sorted(loan.filed_on for loan in pool.loans)
    for panel in stories.panel:
        assert len(panel.shares) == 3
        assert sum(share.share_bp for share in panel.shares) == 10_000
        assert {share.insurer for share in panel.shares} <= organisations
    assert {story.project for story in (*stories.conversion, *stories.licence)} == {"hafnium-precursor"}
