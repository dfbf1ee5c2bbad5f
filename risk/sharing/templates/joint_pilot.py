"""Templates: terms made from a deal's own figures."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from risk.sharing.compiling.programs import UPWARD
from risk.sharing.errors import TermsError
from risk.sharing.model import GUIDANCE_KINDS
from risk.sharing.templates import programs, recoveries
from risk.sharing.templates.concessions import concession_pots
from risk.sharing.terms import validate_terms

Json = dict[str, Any]
Person = tuple[Json, str] | tuple[Json, str, str]
OPTIONAL_PARTIES = ("bank", "insurer", "pool", "centre")


def joint_pilot(parameters: Json) -> Json:
    """Return terms of a pilot financed jointly by investors, with or without bank, insurer, pool and centre.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project`` and ``founders`` (``id``, ``name``), ``milestones`` (``id``, ``name``),
        ``calls`` (``id``, ``on``, ``conditions``), ``investors`` (2 to 6: ``id``, ``kind``, ``name``, ``amounts_minor``
        by call), ``investors_share`` and ``preference_rate`` (decimal text). Optional:

        ``bank``: ``id``, ``name``, ``rate``, ``amounts_minor`` by call, ``repayments``, ``step_down`` (``milestone``,
        ``from``, ``rate``; or a list of such, see :mod:`risk.sharing.templates.level_steps`);
        ``insurer``: ``id``, ``name``, ``premium_minor``, ``paid_by``, ``deductible_minor``, ``franchise_minor``,
        ``share``, ``limit_minor``,
        ``assigned_to_bank``, ``subsidy_party`` (``id``, ``name``);
        ``guarantee``: ``id``, ``name``, ``share`` of the net principal loss that it pays the bank, ``limit_minor``,
        ``fee_minor`` due on ``fee_milestone`` or on activation, ``chain`` (at most two: ``id``, ``name``, ``share`` of
        the same loss that the guarantor claims from it, ``limit_minor``; beyond a limit the guarantor bears alone);
        ``share_steps`` (``milestone``, ``share``) of pool, insurer or a guarantee without a chain: the share that holds
        once the milestone has passed (see :func:`risk.sharing.templates.level_steps.share_steps`);
        ``pool``: ``id``, ``name``, ``share``, ``limits`` (``id``, ``name``, ``amount_minor``) in their order;
        ``centre``: ``id``, ``name``, ``success_fee_minor``, ``milestone``, ``contract``;
        ``guidance``: ``party``, ``subordination_approval`` (``body``, ``number``, ``on``), ``subordination_ends`` (the
        milestone after which its capital ranks equally), ``concession`` (``keep_rate``, ``beneficiaries`` by part,
        ``conditions`` (``id``, ``name``), ``cap_share_of_gain``, ``approval``).

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.
    """
    _check(parameters)
    return assemble(parameters, programs.exit_(parameters))


def assemble(parameters: Json, exit_program: Json) -> Json:
    """Return the terms of a pilot or loan with the exit program given, once they are found valid."""
    terms: Json = {
        **heading(parameters, parameters["project"], _people(parameters)),
        "approvals": _approvals(parameters),
        "milestones": parameters["milestones"],
        "flags": _concession(parameters).get("conditions", []),
        "instruments": _instruments(parameters),
        "tranches": _tranches(parameters),
        "accruals": _accruals(parameters),
        "claims": _claims(parameters),
        "limits": _limits(parameters),
        "policies": _policies(parameters),
        "pots": concession_pots(parameters),
        "programs": {"operating": programs.operating(parameters), "exit": exit_program},
    }
    after_a_loss = recoveries.recoveries(parameters)
    if after_a_loss:
        terms["programs"]["recoveries"] = {"recover": after_a_loss}
    return finish(terms, parameters)


def heading(parameters: Json, project: Json, people: Iterable[Person]) -> Json:
    """Return what every document begins with; the people are (party, kind) in their order of priority.

    A third entry is the capacity, ``principal`` where there is none.
    """
    return {
        "schema": 1,
        "title": parameters["title"],
        "currency": parameters["currency"],
        "day_zone": "Asia/Shanghai",
        "rounding": "half_even",
        "project": project["id"],
        "parties": [
            {
                "id": row["id"],
                "kind": kind,
                "name": row["name"],
                "capacity": capacity[0] if capacity else "principal",
                "priority": place,
            }
            for place, (row, kind, *capacity) in enumerate(people, start=1)
        ],
    }


def finish(terms: Json, parameters: Json) -> Json:
    """Return the terms with the notice of invented figures, once they are found valid."""
    if "invented" in parameters:
        terms["invented"] = parameters["invented"]
    validate_terms(terms)
    return terms


def _check(parameters: Json) -> None:
    required = (
        "title",
        "currency",
        "project",
        "founders",
        "milestones",
        "calls",
        "investors",
        "investors_share",
        "preference_rate",
    )
    check_keys(parameters, required, (*OPTIONAL_PARTIES, "guarantee", "guidance", "invented"))
    if not 2 <= len(parameters["investors"]) <= 6:
        raise TermsError("bad_parameters", "There must be 2 to 6 investors.", "investors")
    if parameters.get("pool") and not parameters.get("bank"):
        raise TermsError("bad_parameters", "A risk-compensation pool needs a bank loan.", "pool")
    check_guarantee(parameters)
    guidance = parameters.get("guidance")
    kinds = {investor["id"]: investor["kind"] for investor in parameters["investors"]}
    if guidance and kinds.get(guidance.get("party")) not in GUIDANCE_KINDS:
        raise TermsError(
            "bad_parameters", "guidance.party must be an investor of kind guidance_fund.", "guidance.party"
        )
    if guidance and guidance.get("subordination_ends") and not guidance.get("subordination_approval"):
        clause = "guidance.subordination_ends"
        raise TermsError("bad_parameters", f"{clause} needs a subordination_approval: nothing would end.", clause)


def due_on(milestone: str | None) -> Json:
    """Return when a claim falls due: on a milestone, or on activation without one."""
    return {"milestone": milestone} if milestone else {"activation": True}


def check_keys(parameters: Json, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Refuse parameters that lack a key or hold an unknown one; :class:`TermsError` ``bad_parameters``."""
    for key in required:
        if key not in parameters:
            raise TermsError("bad_parameters", f"The parameters lack '{key}'.", key)
    unknown = set(parameters) - set(required) - set(optional)
    if unknown:
        raise TermsError("bad_parameters", f"'{min(unknown)}' is no parameter of this template.", min(unknown))


def check_guarantee(parameters: Json) -> None:
    """Refuse a guarantee without a loan, or a chain that takes more than the guarantor pays."""
    guarantee = parameters.get("guarantee")
    if not guarantee:
        return
    if not parameters.get("bank"):
        raise TermsError("bad_parameters", "A guarantee needs a bank loan.", "guarantee")
    if len(guarantee.get("chain", [])) > len(UPWARD):
        raise TermsError("bad_parameters", f"A chain has at most {len(UPWARD)} further guarantors.", "guarantee.chain")
    if guarantee.get("chain") and guarantee.get("share_steps"):
        # What is claimed upward is a share of the same loss; it would not follow what the guarantor pays.
        clause = "guarantee.share_steps"
        raise TermsError("bad_parameters", f"{clause} has no place beside a chain of further guarantors.", clause)
    upward = sum((Fraction(link["share"]) for link in guarantee.get("chain", [])), Fraction(0))
    if upward > Fraction(guarantee["share"]):
        raise TermsError(
            "bad_parameters", "The chain takes more than the guarantor pays to the bank.", "guarantee.chain"
        )


def _concession(parameters: Json) -> Json:
    return (parameters.get("guidance") or {}).get("concession") or {}


def _people(parameters: Json) -> list[tuple[Json, str]]:
    rows = [(investor, investor["kind"]) for investor in parameters["investors"]]
    rows += [
        (parameters[key], kind)
        for key, kind in (
            ("bank", "bank"),
            ("centre", "pilot_centre"),
            ("insurer", "insurer"),
            ("pool", "pool"),
        )
        if parameters.get(key)
    ]
    rows += [(link, "guarantor") for link in programs.guarantors(parameters)]
    subsidy = (parameters.get("insurer") or {}).get("subsidy_party")
    if subsidy:
        rows.append((subsidy, "fiscal"))
    rows += [
        (parameters["founders"], "founders"),
        (parameters["project"], "project"),
        (programs.CREDITORS, "creditors"),
    ]
    return rows


def _approvals(parameters: Json) -> list[Json]:
    guidance, found = parameters.get("guidance") or {}, []
    if guidance.get("subordination_approval"):
        found.append({"id": programs.SUBORDINATION, **guidance["subordination_approval"]})
    if guidance.get("concession"):
        found.append({"id": programs.CONCESSION, **guidance["concession"]["approval"]})
    return found


def _instruments(parameters: Json) -> list[Json]:
    rows = programs.contributions(parameters["investors"])
    bank = parameters.get("bank")
    if bank:
        # One step, or several: a table by level gives one for each level still to be reached.
        steps = bank.get("step_down") or []
        steps = [steps] if isinstance(steps, dict) else steps
        rows.append(
            {
                "id": programs.LOAN,
                "kind": "loan",
                "party": bank["id"],
                "commitment_minor": sum(bank["amounts_minor"].values()),
                "rate": {"value": bank["rate"], "per": "year"},
                "day_count": "A360",
                "carry": "none",
                "settled": {"day": 20, "months": [3, 6, 9, 12]},
                "repayments": bank["repayments"],
                "steps": [
                    {
                        "milestone": step["milestone"],
                        "from": step["from"],
                        "rate": {"value": step["rate"], "per": "year"},
                    }
                    for step in steps
                ],
            }
        )
    return rows


def _tranches(parameters: Json) -> list[Json]:
    rows = []
    for call in parameters["calls"]:
        amounts = programs.called(parameters["investors"], call["id"])
        bank = parameters.get("bank")
        if bank and bank["amounts_minor"].get(call["id"]):
            amounts[programs.LOAN] = bank["amounts_minor"][call["id"]]
        rows.append({"id": call["id"], "on": call["on"], "conditions": call["conditions"], "amounts": amounts})
    return rows


def _accruals(parameters: Json) -> list[Json]:
    rows = [
        programs.simple_return(programs.preference(investor["id"]), investor["id"], parameters["preference_rate"])
        for investor in parameters["investors"]
    ]
    concession = _concession(parameters)
    if concession:
        rows.append(programs.simple_return(programs.KEPT, parameters["guidance"]["party"], concession["keep_rate"]))
    return rows


def _claims(parameters: Json) -> list[Json]:
    rows = [
        {
            "id": programs.COSTS,
            "party": programs.CREDITORS["id"],
            "name": {"zh": "清算费用和职工债权", "en": "liquidation costs and wages"},
        }
    ]
    centre = parameters.get("centre")
    if centre:
        rows.append(
            {
                "id": programs.SERVICES,
                "party": centre["id"],
                "name": {"zh": "中试平台服务费欠款", "en": "unpaid service fees of the pilot centre"},
            }
        )
        if centre.get("success_fee_minor"):
            rows.append(
                {
                    "id": programs.FEE,
                    "party": centre["id"],
                    "amount_minor": centre["success_fee_minor"],
                    "due_on": {"milestone": centre["milestone"]},
                    "name": {"zh": "中试平台成功费", "en": "success fee of the pilot centre"},
                }
            )
    guarantee = parameters.get("guarantee") or {}
    if guarantee.get("fee_minor"):
        rows.append(
            {
                "id": programs.GUARANTEE_FEE,
                "party": guarantee["id"],
                "amount_minor": guarantee["fee_minor"],
                "due_on": due_on(guarantee.get("fee_milestone")),
                "name": {"zh": "担保费", "en": "guarantee fee"},
            }
        )
    return rows


def _limits(parameters: Json) -> list[Json]:
    rows = [{**limit, "party": parameters["pool"]["id"]} for limit in (parameters.get("pool") or {}).get("limits", [])]
    rows += [
        {
            "id": programs.payout_limit(link["id"]),
            "party": link["id"],
            "amount_minor": link["limit_minor"],
            "name": {"zh": f"{link['name']['zh']}代偿上限", "en": f"cap on what {link['name']['en']} pays"},
        }
        for link in programs.guarantors(parameters)
        if link.get("limit_minor") is not None
    ]
    insurer = parameters.get("insurer")
    if insurer:
        rows.append(
            {
                "id": programs.POLICY_LIMIT,
                "party": insurer["id"],
                "amount_minor": insurer["limit_minor"],
                "name": {"zh": "保单赔偿限额", "en": "limit of the policy"},
            }
        )
    return rows


def _policies(parameters: Json) -> list[Json]:
    insurer = parameters.get("insurer")
    if not insurer:
        return []
    return [
        {
            "id": programs.POLICY,
            "party": insurer["id"],
            "insured": parameters["project"]["id"],
            "premium_minor": insurer["premium_minor"],
            "paid_by": insurer["paid_by"],
        }
    ]
