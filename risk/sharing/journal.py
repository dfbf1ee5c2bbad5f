"""The journal of one event: balanced postings by the chart of accounts, written only while settling integers."""

from __future__ import annotations

from risk.sharing.amounts import Balance
from risk.sharing.blocks import To

Posting = tuple[str, str | None, int]
MEMO_PAIRS = (("9010", "9011"), ("9020", "9021"), ("9030", "9031"))
OWN_FUNDS = "4010"


def account_key(code: str, party: str | None) -> str:
    """Return ``code`` or ``code:party``."""
    return f"{code}:{party}" if party else code


class Journal:
    """Postings of one event and the account balances they lead to.

    Parameters
    ----------
    accounts : dict of str to int
        Balances before the event; this object works on its own copy.
    project : str
        The party that owes what is repayable of a conditional grant.
    """

    def __init__(self, accounts: dict[str, int], project: str) -> None:
        self.accounts = dict(accounts)
        self.project = project
        self.postings: list[Posting] = []

    def balance(self, code: str, party: str | None = None) -> int:
        """Return a balance, debit positive."""
        return self.accounts.get(account_key(code, party), 0)

    def move(self, debit: tuple[str, str | None], credit: tuple[str, str | None], amount: int) -> None:
        """Post one debit and one credit of the same amount; nothing where the amount is zero."""
        if amount == 0:
            return
        for (code, party), signed in ((debit, amount), (credit, -amount)):
            self.postings.append((code, party, signed))
            key = account_key(code, party)
            self.accounts[key] = self.accounts.get(key, 0) + signed

    def release(self, debit: tuple[str, str | None], party: str, amount: int) -> None:
        """Post money that came back: against a loss the party had borne, then the deployed money, then a provision."""
        for code, owner in (("3040", party), ("1510", None), ("5010", None)):
            part = min(amount, max(self.balance(code, owner), 0))
            self.move(debit, (code, owner), part)
            amount -= part
        self.move(debit, ("1510", None), amount)

    def subrogate(self, lender: str, payer: str, amount: int) -> None:
        """Move the claim on the debtor, and a loss already borne, from the lender to whoever compensated it."""
        self.move(("2040", lender), ("2040", payer), amount)
        self.move(("3040", payer), ("3040", lender), min(amount, max(self.balance("3040", lender), 0)))

    def pay(self, leaf: To, party: str, amount: int, income: str, *, compensation: bool = False) -> None:
        """Post a leaf: out of the pot to the party, paid, with the side that says what it was."""
        self.move(("2030", None), ("2010", party), amount)
        if not compensation:
            self.settle(leaf, party, amount, income)
        self.move(("2010", party), ("1010", None), amount)

    def settle(self, leaf: To, party: str, amount: int, income: str) -> None:
        """Post what a payment settles: capital, loan, interest, a claim, a concession or profit."""
        kind = leaf.settles.kind if leaf.settles else None
        if kind == "capital":
            self.release(("3011", party), party, amount)
        elif kind in ("principal", "principal_due", "loss_borne"):
            self.release(("2040", party), party, amount)
        elif kind == "grant_due":
            self.move(("3015", party), ("1160", self.project), amount)
        elif kind == "interest_due":
            self.move(("2041", party), ("5030", None), amount)
        elif kind == "claim":
            self.move(("5030", None), (income, None), amount)
        elif leaf.conceded_by:
            self.move(("3050", party), (income, None), amount)
            self.move(("3030", leaf.conceded_by), ("3050", leaf.conceded_by), amount)
        else:
            self.move(("3030", party), (income, None), amount)
        if leaf.settles:
            self.preference(leaf.settles, party, amount)

    def preference(self, settles: Balance, party: str, amount: int) -> None:
        """Post the memo pair of a preference that was met."""
        if settles.kind == "preference":
            self.move(("9030", party), ("9031", party), amount)

    def nets_by_step(self) -> list[Posting]:
        """Return the postings with the debits, and apart the credits, of each account added up."""
        merged: list[Posting] = []
        places: dict[tuple[str, str | None, bool], int] = {}
        for code, party, amount in self.postings:
            key = (code, party, amount > 0)
            if key in places:
                merged[places[key]] = (code, party, merged[places[key]][2] + amount)
            else:
                places[key] = len(merged)
                merged.append((code, party, amount))
        return merged
