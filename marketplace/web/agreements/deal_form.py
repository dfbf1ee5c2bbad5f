"""The form of the joint-pilot template: what is typed becomes its parameters and the seats of its parties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from marketplace.accounts.models import Organisation
from marketplace.accounts.permissions import FUND_KINDS
from marketplace.agreements.services.drafting import Seat
from marketplace.projects.models import Project
from marketplace.web.agreements.level_rates import read_first_loss_end, read_rate_steps
from marketplace.web.agreements.reading import Reader

INVESTORS, CALLS, REPAYMENTS = 6, 3, 2
# The other parties of the template by the kind of organisation that may take the seat.
SEATS = {"bank": "bank", "insurer": "insurer", "pool": "pool_operator", "centre": "pilot_centre"}
Json = dict[str, Any]


class DealForm:
    """Reads the whole form; `read` gives parameters and seats or raises with a message for each field."""

    def __init__(self, form: Mapping[str, str], project: Project, organisations: Sequence[Organisation]) -> None:
        self.reader = Reader(form, project.currency)
        self.project = project
        self.by_id = {organisation.public_id: organisation for organisation in organisations}
        self.seats = {"project": project.organisation_id}
        self.calls: list[str] = []

    def read(self) -> tuple[Json, list[Seat], str, str]:
        title_zh, title_en = self.reader.text("title_zh"), self.reader.text("title_en")
        team = self.project.organisation
        parameters: Json = {
            "title": {"zh": title_zh, "en": title_en},
            "currency": self.project.currency,
            "project": {"id": "project", "name": {"zh": team.name_zh, "en": team.name_en}},
            "founders": {
                "id": "founders",
                "name": {"zh": self.reader.text("founders_zh"), "en": self.reader.text("founders_en")},
            },
            "milestones": self._milestones(),
            "calls": self._calls(),
            "investors": self._investors(),
            "investors_share": self.reader.percent("investors_share"),
            "preference_rate": self.reader.percent("preference_rate"),
        }
        for name in SEATS:
            if self.reader.given(f"{name}_organisation"):
                parameters[name] = getattr(self, f"_{name}")()
        self._guidance(parameters)
        self.reader.refuse_wrong()
        return parameters, self._seat_list(parameters), title_zh, title_en

    def _milestones(self) -> list[Json]:
        rows = [
            {"id": item.code, "name": {"zh": item.name_zh or item.code, "en": item.name_en or item.code}}
            for item in self.project.milestones
        ]
        if not rows:
            self.reader.fail("title_zh", _("The project needs milestones before an agreement can be drafted."))
        return rows

    def _calls(self) -> list[Json]:
        rows = []
        for number in range(1, CALLS + 1):
            if number > 1 and not self.reader.given(f"call{number}_on"):
                continue
            condition = self.reader.text(f"call{number}_milestone", required=False)
            rows.append(
                {
                    "id": f"T{number}",
                    "on": self.reader.day(f"call{number}_on"),
                    "conditions": [condition] if condition else [],
                }
            )
        self.calls = [str(row["id"]) for row in rows]
        return rows

    def _amounts(self, prefix: str) -> Json:
        """What one party pays at each call."""
        amounts = {call: self.reader.money(f"{prefix}_{call}", required=False, allow_zero=True) for call in self.calls}
        if not any(amounts.values()):
            self.reader.fail(f"{prefix}_T1", _("Enter what is paid at one call at least."))
        return {call: amount for call, amount in amounts.items() if amount}

    def _organisation(self, field: str, kinds: tuple[str, ...]) -> Organisation | None:
        organisation = self.by_id.get(self.reader.text(field))
        if organisation is None or organisation.kind not in kinds:
            self.reader.fail(field, _("Choose one of the organisations."))
            return None
        return organisation

    def _seat(self, party: str, field: str, kinds: tuple[str, ...]) -> Json:
        organisation = self._organisation(field, kinds)
        if organisation is None:
            return {"id": party, "kind": kinds[0], "name": {"zh": party, "en": party}}
        self.seats[party] = organisation.id
        return {
            "id": party,
            "kind": organisation.kind,
            "name": {"zh": organisation.name_zh, "en": organisation.name_en},
        }

    def _investors(self) -> list[Json]:
        rows = []
        for number in range(1, INVESTORS + 1):
            field = f"investor{number}_organisation"
            if number > 2 and not self.reader.given(field):
                continue
            seat = self._seat(f"investor{number}", field, FUND_KINDS)
            rows.append({**seat, "amounts_minor": self._amounts(f"investor{number}")})
        return rows

    def _party(self, name: str) -> Json:
        seat = self._seat(name, f"{name}_organisation", (SEATS[name],))
        return {"id": seat["id"], "name": seat["name"]}

    def _bank(self) -> Json:
        repayments = [
            {"on": self.reader.day(f"bank_repay{number}_on"), "amount_minor": self.reader.money(f"bank_repay{number}")}
            for number in range(1, REPAYMENTS + 1)
            if number == 1 or self.reader.given(f"bank_repay{number}_on")
        ]
        bank = {
            **self._party("bank"),
            "rate": self.reader.percent("bank_rate"),
            "amounts_minor": self._amounts("bank"),
            "repayments": repayments,
        }
        if self.reader.given("bank_step_milestone"):
            bank["step_down"] = {
                "milestone": self.reader.text("bank_step_milestone"),
                "from": self.reader.day("bank_step_from"),
                "rate": self.reader.percent("bank_step_rate"),
            }
        by_level = read_rate_steps(self.reader, self.project, rate=str(bank["rate"]))
        if by_level:
            bank["step_down"] = by_level
        return bank

    def _insurer(self) -> Json:
        premium, subsidy = self.reader.money("insurer_premium"), self.reader.money("insurer_subsidy", required=False)
        if subsidy > premium:
            self.reader.fail("insurer_subsidy", _("The subsidy cannot exceed the premium."))
        insurer = {
            **self._party("insurer"),
            "premium_minor": premium,
            "paid_by": {"project": max(premium - subsidy, 0)},
            "deductible_minor": self.reader.money("insurer_deductible", allow_zero=True),
            "share": self.reader.percent("insurer_share"),
            "limit_minor": self.reader.money("insurer_limit"),
        }
        if subsidy:
            insurer["paid_by"]["subsidy"] = subsidy
            insurer["subsidy_party"] = {"id": "subsidy", "name": {"zh": "保费补贴方", "en": "Premium subsidy"}}
        if self.reader.given("bank_organisation"):
            insurer["assigned_to_bank"] = self.reader.percent("insurer_assigned", required=False)
        return insurer

    def _pool(self) -> Json:
        limits = [
            {
                "id": "pool-loan",
                "amount_minor": self.reader.money("pool_loan_limit"),
                "name": {"zh": "单笔贷款补偿上限", "en": "limit for one loan"},
            },
            {
                "id": "pool-year",
                "amount_minor": self.reader.money("pool_year_limit"),
                "name": {"zh": "本年度剩余额度", "en": "room left this year"},
            },
        ]
        return {**self._party("pool"), "share": self.reader.percent("pool_share"), "limits": limits}

    def _centre(self) -> Json:
        return {
            **self._party("centre"),
            "success_fee_minor": self.reader.money("centre_fee"),
            "milestone": self.reader.text("centre_milestone"),
            "contract": self.reader.text("centre_contract"),
        }

    def _guidance(self, parameters: Json) -> None:
        """Order of residual claims and concession of the guidance fund; both rest on an approval."""
        funds = [item["id"] for item in parameters["investors"] if item["kind"] == "guidance_fund"]
        if not self.reader.given("approval_number"):
            if self.reader.given("first_loss_until"):
                self.reader.fail("first_loss_until", _("This needs the number of an approval."))
            return
        if len(funds) != 1:
            self.reader.fail("approval_number", _("This needs exactly one guidance fund among the investors."))
            return
        approval = {
            "body": {"zh": self.reader.text("approval_body_zh"), "en": self.reader.text("approval_body_en")},
            "number": self.reader.text("approval_number"),
            "on": self.reader.day("approval_on"),
        }
        guidance: Json = {"party": funds[0]}
        if self.reader.given("subordinated"):
            guidance["subordination_approval"] = approval
        ends = read_first_loss_end(self.reader, self.project, subordinated=self.reader.given("subordinated"))
        if ends:
            guidance["subordination_ends"] = ends
        if self.reader.given("kept_rate"):
            others = [item for item in parameters["investors"] if item["id"] != funds[0]]
            guidance["concession"] = {
                "keep_rate": self.reader.percent("kept_rate"),
                "beneficiaries": {item["id"]: sum(item["amounts_minor"].values()) for item in others},
                "cap_share_of_gain": self.reader.percent("concession_cap"),
                "conditions": [
                    {"id": "early-stage", "name": {"zh": "属于早期投资", "en": "the investment counts as early stage"}},
                    {"id": "concession-approved", "name": {"zh": "让利已获批准", "en": "the concession is approved"}},
                ],
                "approval": approval,
            }
        if len(guidance) > 1:
            parameters["guidance"] = guidance

    def _seat_list(self, parameters: Json) -> list[Seat]:
        parties = [*(item["id"] for item in parameters["investors"]), *SEATS, "project"]
        outsiders = ["founders", "creditors"]
        if "subsidy_party" in parameters.get("insurer", {}):
            outsiders.append("subsidy")
        seated = [Seat(party, self.seats[party]) for party in parties if party in self.seats]
        return seated + [Seat(party, None) for party in outsiders]
