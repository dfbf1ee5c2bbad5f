"""What the events of a conditional grant do, for the third evaluator; from the specification, in plain Fraction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Json = dict[str, Any]


class GrantEvents:
    """Conversion, audit, return, exemption and loss of a grant over the evaluator's own amounts and flags."""

    terms: Json
    by_id: dict[str, Json]
    amounts: dict[str, int]
    flags: set[str]

    def _conversion(self, body: Json) -> None:
        # Price = value before the round / shares before it; the grant pays it less the discount, whole shares only.
        item = self.by_id["instruments"][body["instrument"]]
        rule, amount = item["conversion"], body["amount_minor"]
        price = Fraction(body["pre_money_minor"], body["shares_before"])
        got = int(amount / (price * (1 - Fraction(rule["discount"]))))
        new = int(body["new_money_minor"] / price)
        funders = {one["party"] for one in self.terms["instruments"] if one["kind"] == "conditional_grant"}
        earlier = sum(self.amounts[f"shares:{party}"] for party in funders)
        self.amounts[f"shares:{item['party']}"] += got
        self.amounts[f"shares:{rule['others']}"] = body["shares_before"] + new - earlier
        held, all_shares = self.amounts[f"shares:{item['party']}"], body["shares_before"] + new + got
        assert Fraction(held, all_shares) <= Fraction(rule["holding_cap"])
        assert held < body["largest_other_shares"]
        self.amounts[f"grant:{item['id']}"] -= amount
        assert self.amounts[f"grant:{item['id']}"] >= 0
        self.amounts[f"capital:{item['party']}"] += amount
        self.flags.add(f"converted:{item['id']}")

    def _grant_audit(self, body: Json) -> None:
        due = body["ineligible_minor"] + body["unspent_minor"]
        self.amounts[f"grant:{body['instrument']}"] -= due
        self.amounts[f"grant_due:{body['instrument']}"] += due
        assert self.amounts[f"grant:{body['instrument']}"] == body["eligible_minor"]

    def _grant_return(self, body: Json) -> None:
        name = body["instrument"]
        amount = body.get("amount_minor", self.amounts[f"grant:{name}"])
        self.amounts[f"grant_due:{name}"] += amount
        self.amounts[f"grant:{name}"] -= amount

    def _grant_close(self, body: Json) -> None:
        self.amounts[f"grant:{body['instrument']}"] = 0

    def _write_off(self, body: Json) -> None:
        # A company that is sold goes on and still owes; what one in liquidation leaves unpaid is the funder's loss.
        for item in self.terms["instruments"]:
            if item["kind"] == "conditional_grant" and "exit:liquidation" in self.flags:
                self.amounts[f"grant_lost:{item['id']}"] = self.amounts[f"grant_due:{item['id']}"]

    def take_back_loss(self, name: str) -> None:
        """What comes in after the write-off is no loss after all."""
        still_due = self.amounts[f"grant_due:{name}"]
        self.amounts[f"grant_lost:{name}"] = min(self.amounts[f"grant_lost:{name}"], still_due)
