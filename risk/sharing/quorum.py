"""Who must sign before an amendment takes effect: everybody, or the parties and the share that the terms name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from risk.sharing import reading
from risk.sharing.errors import TermsError

if TYPE_CHECKING:
    from risk.sharing.model import Model


@dataclass(frozen=True)
class Quorum:
    """The rule of a version for the version that follows it.

    Attributes
    ----------
    always : tuple of str
        Parties without whose signature nothing changes.
    share_of_commitments : Fraction
        Least part of all commitments that those who sign must hold, from 0 (exclusive) to 1.
    """

    always: tuple[str, ...]
    share_of_commitments: Fraction


def read_quorum(model: Model, data: Any) -> Quorum:
    """Return the rule that stands under ``amendment`` in the terms.

    Raises
    ------
    TermsError
        ``unknown_party``, ``party_twice``, ``quorum_empty`` or a value that cannot be read, with its clause.
    """
    data = reading.mapping(data, "amendment", ("always", "share_of_commitments"))
    names = []
    for index, item in enumerate(reading.sequence(data["always"], "amendment.always", at_least=1)):
        path = f"amendment.always[{index}]"
        name = reading.known(item, path, model.parties, "unknown_party", "party")
        if name in names:
            raise TermsError("party_twice", f"{path} names {name} twice.", path)
        names.append(name)
    share = reading.share(data["share_of_commitments"], "amendment.share_of_commitments")
    if share == 0:
        raise TermsError(
            "quorum_empty",
            "amendment.share_of_commitments must be above 0: those who paid have a say.",
            "amendment.share_of_commitments",
        )
    return Quorum(tuple(names), share)


def still_needed(model: Model, signatories: Iterable[str], signed: Iterable[str]) -> list[str]:
    """Return the parties whose signature is still missing under the rule of these terms.

    Parameters
    ----------
    model : Model
        The compiled terms of the version *before* the one to be signed.
    signatories : iterable of str
        Parties that can sign at all.
    signed : iterable of str
        Parties that have signed.

    Returns
    -------
    list of str
        Empty where the rule is met. Without a rule everybody signs; under one, those whom it names and, until the
        share is reached, every other party that holds a commitment.
    """
    able, done = list(signatories), set(signed)
    rule = model.quorum
    if rule is None:
        return [party for party in able if party not in done]
    missing = [party for party in able if party in rule.always and party not in done]
    held: dict[str, int] = {}
    for item in model.instruments.values():
        held[item.party] = held.get(item.party, 0) + item.commitment_minor
    reached = sum(amount for party, amount in held.items() if party in done)
    if reached < rule.share_of_commitments * sum(held.values()):
        missing += [party for party in able if held.get(party) and party not in done and party not in missing]
    return missing
