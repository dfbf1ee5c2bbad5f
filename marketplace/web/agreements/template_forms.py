"""The forms of the other templates: loans whose loss others share, a licence, fund first and equity later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _

from marketplace.agreements.services.drafting import Seat
from marketplace.web.agreements.deal_form import DealForm, Json

CHAIN = 2
BANDS = 3
LICENSOR_KINDS = ("project_team", "pilot_centre", "technology_manager")
FUNDER_KINDS = ("guidance_fund",)


class TemplateForm(DealForm):
    """What every form of a template begins with: title, currency, the project and its milestones."""

    def read(self) -> tuple[Json, list[Seat], str, str]:
        parameters: Json = {
            "title": {"zh": self.reader.text("title_zh"), "en": self.reader.text("title_en")},
            "currency": self.project.currency,
            "project": self._project(),
            "milestones": self._milestones(),
        }
        outsiders = self._fill(parameters)
        self.reader.refuse_wrong()
        seats = [Seat(party, organisation) for party, organisation in self.seats.items()]
        seats += [Seat(party, None) for party in outsiders]
        return parameters, seats, parameters["title"]["zh"], parameters["title"]["en"]

    def _fill(self, parameters: Json) -> Iterable[str]:
        """Add what the template needs; return its parties that stand outside the market."""
        raise NotImplementedError

    def _project(self) -> Json:
        team = self.project.organisation
        return {"id": "project", "name": {"zh": team.name_zh, "en": team.name_en}}

    def _named(self, party: str) -> Json:
        """A party outside the market, by the two names that are typed."""
        return {"id": party, "name": self._both(party)}

    def _both(self, name: str, *, longest: int = 200) -> Json:
        return {word: self.reader.text(f"{name}_{word}", longest=longest) for word in ("zh", "en")}


class PooledLoanForm(TemplateForm):
    """A bank loan of whose net principal loss a risk-compensation pool bears a share."""

    def _fill(self, parameters: Json) -> Iterable[str]:
        parameters["founders"] = self._named("founders")
        parameters["calls"] = self._calls()
        parameters["bank"] = self._bank()
        self._share_loss(parameters)
        return ("founders", "creditors")

    def _share_loss(self, parameters: Json) -> None:
        parameters["pool"] = self._pool()

    def _pool(self) -> Json:
        """The pool's own limit of the loan, and where a register serves several loans its three shared ones."""
        if not self.reader.given("pool_register"):
            return super()._pool()
        register = self.reader.text("pool_register", longest=64)
        words = {
            "bank_year": {"zh": "单家银行年度额度", "en": "limit of the bank for a year"},
            "year": {"zh": "资金池年度额度", "en": "limit of the pool for a year"},
            "balance": {"zh": "资金池余额", "en": "balance of the pool"},
        }
        shared = [
            {
                "id": f"pool-{counts.replace('_', '-')}",
                "amount_minor": self.reader.money(f"pool_{counts}_limit"),
                "name": name,
                "shared": {"register": register, "counts": counts, "order": "acceptance_number"},
            }
            for counts, name in words.items()
        ]
        loan = {
            "id": "pool-loan",
            "amount_minor": self.reader.money("pool_loan_limit"),
            "name": {"zh": "单笔贷款补偿上限", "en": "limit for one loan"},
        }
        return {**self._party("pool"), "share": self.reader.percent("pool_share"), "limits": [loan, *shared]}


class GuaranteedLoanForm(PooledLoanForm):
    """A bank loan whose loss a guarantor shares, with those that it claims from in turn."""

    def _share_loss(self, parameters: Json) -> None:
        chain = [
            self._guarantor(f"chain{number}")
            for number in range(1, CHAIN + 1)
            if self.reader.given(f"chain{number}_organisation")
        ]
        guarantee = {**self._guarantor("guarantor"), "chain": chain}
        if self.reader.given("guarantor_fee"):
            guarantee["fee_minor"] = self.reader.money("guarantor_fee")
        parameters["guarantee"] = guarantee

    def _guarantor(self, party: str) -> Json:
        seat = self._seat(party, f"{party}_organisation", ("guarantor",))
        row = {"id": seat["id"], "name": seat["name"], "share": self.reader.percent(f"{party}_share")}
        if self.reader.given(f"{party}_limit"):
            row["limit_minor"] = self.reader.money(f"{party}_limit")
        return row


class LicenceForm(TemplateForm):
    """An entry fee and a royalty on what is reported."""

    def _fill(self, parameters: Json) -> Iterable[str]:
        parameters["licensor"] = self._licensor()
        parameters["entry_fee_minor"] = self.reader.money("entry_fee")
        parameters["entry_fee_credited"] = self.reader.given("entry_fee_credited")
        self._royalty(parameters)
        if self.reader.given("cap"):
            parameters["cap_minor"] = self.reader.money("cap")
        if self.reader.given("entry_fee_milestone"):
            parameters["entry_fee_milestone"] = self.reader.text("entry_fee_milestone")
        return ()

    def _royalty(self, parameters: Json) -> None:
        """One rate, or rates by band where the first of them has an upper end."""
        parameters["base"] = self._both("base", longest=400)
        parameters["contract"] = self.reader.text("contract")
        rate = self.reader.percent("royalty_rate")
        if not self.reader.given("upto1"):
            parameters["royalty_rate"] = rate
            return
        below = self.reader.money("upto1")
        bands: list[Json] = [{"upto_minor": below, "rate": rate}]
        for number in range(2, BANDS + 1):
            bands.append({"rate": self.reader.percent(f"rate{number}")})
            if number == BANDS or not self.reader.given(f"upto{number}"):
                break
            top = self.reader.money(f"upto{number}")
            if top <= below:
                self.reader.fail(f"upto{number}", _("A band ends above the one before."))
            bands[-1]["upto_minor"] = below = top
        parameters["bands"] = bands
        parameters["mode"] = "whole_base" if self.reader.given("whole_base") else "marginal"

    def _licensor(self) -> Json:
        seat = self._seat("licensor", "licensor_organisation", LICENSOR_KINDS)
        return {"id": seat["id"], "name": seat["name"]}


class RoyaltyToCapForm(LicenceForm):
    """A share of revenue for the pilot centre that ends once a fixed amount has been paid."""

    def _fill(self, parameters: Json) -> Iterable[str]:
        seat = self._seat("receiver", "receiver_organisation", ("pilot_centre",))
        parameters["receiver"] = {"id": seat["id"], "name": seat["name"]}
        self._royalty(parameters)
        parameters["cap_minor"] = self.reader.money("cap")
        return ()


class FundFirstForm(TemplateForm):
    """A conditional grant that becomes equity at the next market round."""

    def _fill(self, parameters: Json) -> Iterable[str]:
        parameters["shareholders"] = self._named("shareholders")
        parameters["calls"] = self._calls()
        funder = self._seat("funder", "funder_organisation", FUNDER_KINDS)
        parameters["funder"] = {**funder, "amounts_minor": self._amounts("funder")}
        auditor = self._seat("auditor", "auditor_organisation", ("auditor",))
        parameters["auditor"] = {"id": auditor["id"], "name": auditor["name"]}
        parameters["discount"] = self.reader.percent("discount")
        parameters["holding_cap"] = self.reader.percent("holding_cap")
        parameters["convert_by"] = self.reader.day("convert_by")
        parameters["price_rule"] = self._both("price_rule", longest=400)
        parameters["exemption"] = self._both("exemption", longest=400)
        return ("shareholders", "creditors")


FORMS: dict[str, type[TemplateForm]] = {
    "pooled_loan": PooledLoanForm,
    "guaranteed_loan": GuaranteedLoanForm,
    "fund_first": FundFirstForm,
    "licence": LicenceForm,
    "royalty_to_cap": RoyaltyToCapForm,
}


def describe_templates() -> list[dict[str, Any]]:
    """Name, meaning and need of each template in the language of the page, the joint pilot first."""
    return [
        {
            "name": "joint_pilot",
            "title": _("Joint pilot"),
            "meaning": _(
                "Investors pay in calls as milestones pass; debts come first, then capital, a preferred return and an "
                "agreed split. A bank loan, pilot insurance, a compensation pool and a guidance fund's concession can "
                "be added."
            ),
            "needs": _("two to six investors"),
        },
        {
            "name": "pooled_loan",
            "title": _("Bank loan with a risk-compensation pool"),
            "meaning": _(
                "Nobody takes shares. If the loan defaults, the pool bears its share of the principal that collateral "
                "does not bring back, up to its limits; what is recovered later goes back in the same proportion."
            ),
            "needs": _("a bank and a pool operator"),
        },
        {
            "name": "guaranteed_loan",
            "title": _("Guaranteed bank loan"),
            "meaning": _(
                "A guarantor pays the bank its share of the net principal loss first and then claims from the "
                "re-guarantor and the national fund; beyond a limit it bears the rest alone."
            ),
            "needs": _("a bank and a guarantor"),
        },
        {
            "name": "fund_first",
            "title": _("Fund first, equity later"),
            "meaning": _(
                "Public money comes as a conditional grant and becomes shares at the price of the next market round, "
                "under a cap. An auditor decides on price, spending and exemption; money that was not spent as "
                "agreed is paid back."
            ),
            "needs": _("a guidance fund and an auditor"),
        },
        {
            "name": "licence",
            "title": _("Technology licence"),
            "meaning": _(
                "The project pays an entry fee and then a royalty on what it reports, at one rate or by bands; the fee "
                "can be an advance on the royalty. A report that is corrected is netted against the next payment."
            ),
            "needs": _("a licensor"),
        },
        {
            "name": "royalty_to_cap",
            "title": _("Share of revenue up to a cap"),
            "meaning": _(
                "The pilot centre receives a part of the revenue that is reported until a fixed amount has been paid; "
                "the last payment is cut to it. Nobody takes shares and nothing is owed where nothing is sold."
            ),
            "needs": _("a pilot centre"),
        },
    ]
