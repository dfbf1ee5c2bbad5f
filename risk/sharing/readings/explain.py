"""A claimed split beside the settled one: the differences, and the readings of the terms that give it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from risk.errors import RiskError
from risk.sharing import reading
from risk.sharing.engine import Engine, Outcome
from risk.sharing.errors import EventError
from risk.sharing.readings.change import Change, Json, at, rewrite, without_overlap
from risk.sharing.readings.declarations import declared
from risk.sharing.readings.log import dated
from risk.sharing.readings.programs import programmed

MOST_REPLAYS = 400
MOST_NEAREST = 10


@dataclass
class _Found:
    """The readings tried so far: their splits, and how many the engine refused."""

    readings: list[tuple[tuple[Change, ...], dict[str, int]]] = field(default_factory=list)
    tried: int = 0
    refused: int = 0
    left_out: int = 0


def explain(document: Json) -> Json:
    """Compare a claimed split with the settled one and name the readings of the terms that would give the claim.

    Parameters
    ----------
    document : dict
        ``terms``, ``events`` and, where there were, ``amendments`` as for :func:`risk.sharing.settle`; ``event``, the
        id of the event; ``claimed``, what each party receives by it in minor units (a party left out receives nothing).

    Returns
    -------
    dict
        ``equal``; ``ours`` and ``claimed`` by party; ``differences``, claimed less ours, where not nil; ``ours_minor``
        and ``claimed_minor``, the sums; ``readings``: those that give exactly the claim, all of them, then at most ten
        that come nearer to it than the terms as they stand, each with ``changes`` (``code``, ``clause``, ``words``),
        ``split``, ``distance_minor`` (sum of the differences without sign) and ``exact``; ``tried``, ``refused`` (no
        valid terms or an event of the log does not fit) and ``left_out`` (beyond the limit), in settlements of the
        log; ``explanation``, tier by tier, of the settlement as it stands.

    Raises
    ------
    TermsError, EventError, AmountError
        As :func:`risk.sharing.settle`; ``unknown_event``, ``unknown_party``, ``float_in_amount``,
        ``amount_not_integer``, ``negative_amount`` and ``amount_too_large`` for the claim.

    Notes
    -----
    A reading changes one clause from the first event on; where no single one gives the claim, pairs of those that alone
    change the split are tried, nearest first, up to 400 settlements in all. That a reading gives the claim does
    not say that it is where the claim comes from.
    """
    document = reading.mapping(
        document, "document", ("terms", "events", "event", "claimed"), ("amendments",), EventError
    )
    versions, events = _versions(document), _until(document)
    outcome, parties = _settled(versions, events)
    claimed = _claim(document["claimed"], parties)
    ours = received(outcome)
    differences = {
        party: claimed.get(party, 0) - ours.get(party, 0)
        for party in parties
        if claimed.get(party, 0) != ours.get(party, 0)
    }
    found = _Found() if not differences else _search(versions, events, ours, claimed)
    return {
        "event": document["event"],
        "equal": not differences,
        "ours": ours,
        "claimed": claimed,
        "differences": differences,
        "ours_minor": sum(ours.values()),
        "claimed_minor": sum(claimed.values()),
        "readings": _ordered(found, ours, claimed),
        "tried": found.tried,
        "refused": found.refused,
        "left_out": found.left_out,
        "explanation": outcome.explanation,
    }


def received(outcome: Outcome) -> dict[str, int]:
    """Return what each party receives by an event, minor units; who pays or gets nothing is left out."""
    return {party: amount for party, amount in sorted(outcome.flows.items()) if amount > 0}


def _versions(document: Json) -> list[Json]:
    rows = [{"terms": document["terms"]}]
    for index, row in enumerate(reading.sequence(document.get("amendments", []), "amendments", EventError)):
        rows.append(reading.mapping(row, f"amendments[{index}]", ("terms",), ("previous_hash",), EventError))
    return rows


def _until(document: Json) -> list[Json]:
    """Return the log up to the event that is explained."""
    events = reading.sequence(document["events"], "events", EventError)
    for place, event in enumerate(events):
        if isinstance(event, dict) and event.get("id") == document["event"]:
            return events[: place + 1]
    raise EventError("unknown_event", "The log has no event of this id.", "event")


def _claim(data: Any, parties: list[str]) -> dict[str, int]:
    if not isinstance(data, dict):
        raise EventError("not_an_object", "claimed must be an object of amounts by party.", "claimed")
    for party in data:
        reading.known(party, f"claimed.{party}", parties, "unknown_party", "party", EventError)
    rows = {party: reading.minor(data[party], f"claimed.{party}", EventError) for party in parties if party in data}
    return {party: amount for party, amount in sorted(rows.items()) if amount}


def _settled(versions: list[Json], events: list[Json]) -> tuple[Outcome, list[str]]:
    """Settle a log and return what its last event did, and the parties of all versions."""
    engine = Engine(versions[0]["terms"])
    lineage = [engine]
    for row in versions[1:]:
        engine = Engine(row["terms"], row.get("previous_hash") or engine.terms_hash, engine)
        lineage.append(engine)
    state, outcome, following, renamed = engine.open(), None, iter(lineage[1:]), dict[str, str]()
    for index, event in enumerate(events):
        if isinstance(event, dict) and event.get("kind") == "amendment" and versions[0].get("reread"):
            # The log names the version as it was signed; under another reading that version has another hash.
            if event["id"] not in renamed:
                renamed[event["id"]] = next(following).terms_hash
            event = {**event, "body": {**event["body"], "terms_hash": renamed[event["id"]]}}
        try:
            outcome = engine.apply(state, event)
        except RiskError as error:
            error.field = f"events[{index}].{error.field}" if error.field else f"events[{index}]"
            raise
        state = outcome.state
    assert outcome is not None, "the log ends with the event that is explained"
    return outcome, list(dict.fromkeys(party for each in lineage for party in each.model.parties))


def _search(versions: list[Json], events: list[Json], ours: dict[str, int], claimed: dict[str, int]) -> _Found:
    """Settle under each single reading and, where none gives the claim, under pairs of those that change something."""
    found = _Found()
    in_force = sum(event["kind"] == "amendment" for event in events)
    terms = versions[in_force]["terms"]
    for change in (*declared(terms), *programmed(terms), *dated(events)):
        _try(found, versions, in_force, events, (change,))
    if any(split == claimed for _, split in found.readings):
        return found
    moving = [row for row in found.readings if row[1] != ours]
    moving.sort(key=lambda row: distance(row[1], claimed))
    # By the sum of the two places: pairs of the nearest come first where the limit cuts.
    pairs = sorted(itertools.combinations(range(len(moving)), 2), key=lambda pair: (sum(pair), pair))
    for one, two in pairs:
        changes = (*moving[one][0], *moving[two][0])
        if without_overlap(changes):
            _try(found, versions, in_force, events, changes)
    return found


def _try(found: _Found, versions: list[Json], in_force: int, events: list[Json], changes: tuple[Change, ...]) -> None:
    if found.tried >= MOST_REPLAYS:
        found.left_out += 1
        return
    found.tried += 1
    try:
        outcome, _ = _settled(*_reread(versions, in_force, events, changes))
    except RiskError:
        found.refused += 1
        return
    found.readings.append((changes, received(outcome)))


def _reread(
    versions: list[Json], in_force: int, events: list[Json], changes: Sequence[Change]
) -> tuple[list[Json], list[Json]]:
    """Return versions and log as the changes read them; an earlier or later version only where it says the same."""
    original = versions[in_force]["terms"]
    rows = []
    for row in versions:
        terms = row["terms"]
        # Later places of a list first, so that what is removed moves nothing that is still to be rewritten.
        for change in sorted(changes, key=lambda item: [str(part).zfill(4) for part in item.path], reverse=True):
            if change.path and at(row["terms"], change.path) == at(original, change.path):
                terms = rewrite(terms, change.path, change.value)
        rows.append({"terms": terms, "reread": True})
    for change in changes:
        if change.events is not None:
            events = change.events(events)
    return rows, events


def distance(split: dict[str, int], claimed: dict[str, int]) -> int:
    """Return the sum of the differences without sign, minor units."""
    return sum(abs(split.get(party, 0) - claimed.get(party, 0)) for party in {**split, **claimed})


def _ordered(found: _Found, ours: dict[str, int], claimed: dict[str, int]) -> list[Json]:
    """Return every exact reading, then the nearest of those that come nearer than the terms as they stand."""
    limit = distance(ours, claimed)
    rows: list[Json] = [
        {
            "changes": [{"code": item.code, "clause": item.clause, "words": item.words} for item in changes],
            "split": split,
            "distance_minor": away,
            "exact": away == 0,
        }
        for changes, split in found.readings
        if (away := distance(split, claimed)) < limit
    ]
    rows.sort(key=lambda row: (row["distance_minor"], len(row["changes"])))
    exact = [row for row in rows if row["exact"]]
    return exact + [row for row in rows if not row["exact"]][:MOST_NEAREST]
