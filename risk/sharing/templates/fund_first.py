"""Template of fund first, equity later (先投后股): a conditional grant that converts at the next round's price."""

from __future__ import annotations

from typing import Any

from risk.sharing.errors import TermsError
from risk.sharing.model import GUIDANCE_KINDS
from risk.sharing.templates import programs
from risk.sharing.templates.joint_pilot import check_keys, finish, heading

Json = dict[str, Any]
GRANT = "grant"
_REQUIRED = (
    "title", "currency", "project", "funder", "shareholders", "auditor", "milestones", "calls", "discount",
    "holding_cap", "convert_by", "price_rule", "exemption",
)  # fmt: skip


def fund_first(parameters: Json) -> Json:
    """Return terms of a conditional fiscal grant that becomes equity at the next market round.

    Before conversion the funder has no claim on the proceeds of a sale or liquidation, save for what the audit finds
    repayable. Afterwards what is left after the debts is split by the shares that everybody holds.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``project`` (``id``, ``name``), ``funder`` (``id``, ``name``, ``amounts_minor`` by call
        in minor units, optional ``kind`` of a guidance fund or fiscal body), ``shareholders`` (``id``, ``name``: one
        party for all other shareholders), ``auditor`` (``id``, ``name``: decides on price evidence, audit and
        exemption and is paid nothing here), ``milestones`` (``id``, ``name``), ``calls`` (``id``, ``on``,
        ``conditions``), ``discount`` and ``holding_cap`` (decimal text), ``convert_by`` (date), ``price_rule`` and
        ``exemption`` (in both languages). Optional: ``invented``.

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.

    Notes
    -----
    Source of the rules: design "Claims", Rules of instruments. A later round that dilutes everybody is not followed.
    """
    check_keys(parameters, _REQUIRED, ("invented",))
    funder, project = parameters["funder"], parameters["project"]
    kind = funder.get("kind", "guidance_fund")
    if kind not in GUIDANCE_KINDS:
        raise TermsError("bad_parameters", "The funder is a guidance fund or a fiscal body.", "funder.kind")
    people = (
        (funder, kind),
        (parameters["auditor"], "auditor", "agent"),
        (parameters["shareholders"], "other"),
        (project, "project"),
        (programs.CREDITORS, "creditors"),
    )
    terms: Json = {
        **heading(parameters, project, people),
        "milestones": parameters["milestones"],
        "instruments": [_instrument(parameters)],
        "tranches": [
            {
                "id": call["id"],
                "on": call["on"],
                "conditions": call["conditions"],
                "amounts": {GRANT: funder["amounts_minor"][call["id"]]},
            }
            for call in parameters["calls"]
        ],
        "claims": [
            {
                "id": programs.COSTS,
                "party": programs.CREDITORS["id"],
                "name": {"zh": "清算费用和职工债权", "en": "liquidation costs and wages"},
            }
        ],
        "programs": {"operating": _operating(parameters), "exit": _exit(parameters)},
    }
    return finish(terms, parameters)


def _instrument(parameters: Json) -> Json:
    funder = parameters["funder"]
    return {
        "id": GRANT,
        "kind": "conditional_grant",
        "party": funder["id"],
        "commitment_minor": sum(funder["amounts_minor"].values()),
        "conversion": {
            "certified_by": parameters["auditor"]["id"],
            "others": parameters["shareholders"]["id"],
            **{key: parameters[key] for key in ("discount", "holding_cap", "convert_by", "price_rule", "exemption")},
        },
    }


def _repaid(funder: str) -> Json:
    return programs.cap(
        programs.bal(f"grant_due:{GRANT}"),
        programs.to(funder, "conditional_grant", 2, settles=f"grant_due:{GRANT}"),
        "退还附条件拨款",
        "Repayment of the conditional grant",
    )


def _operating(parameters: Json) -> Json:
    """Return the program of the project's own payments: what is to be repaid, and nothing else."""
    kept = programs.to(parameters["project"]["id"], "retained_by_project", 9)
    return {"seq": [_repaid(parameters["funder"]["id"]), kept]}


def _exit(parameters: Json) -> Json:
    """Return debts, what is to be repaid, then everybody by shares; before conversion the others alone."""
    return {
        "when": {
            "if": {"exit_kind": "liquidation"},
            "then": _residual(parameters, "liquidation_surplus"),
            "else": _residual(parameters, "share_sale"),
        }
    }


def _residual(parameters: Json, basis: str) -> Json:
    funder, others = parameters["funder"]["id"], parameters["shareholders"]["id"]
    capital = f"capital:{funder}"
    by_shares = programs.by_balance(
        (
            funder,
            [f"shares:{funder}"],
            {
                "seq": [
                    programs.cap(
                        programs.bal(capital),
                        programs.to(funder, basis, 6, settles=capital),
                        "收回已转股的投入",
                        "What was put in and converted",
                    ),
                    programs.to(funder, basis, 6),
                ]
            },
        ),
        (others, [f"shares:{others}"], programs.to(others, basis, 6)),
    )
    return {
        "seq": [
            programs.cap(
                programs.bal(f"claim:{programs.COSTS}"),
                programs.to(programs.CREDITORS["id"], "liquidation_costs", 1, settles=f"claim:{programs.COSTS}"),
                "清算费用和职工债权",
                "Liquidation costs and wages",
            ),
            _repaid(funder),
            {"when": {"if": {"converted": GRANT}, "then": by_shares, "else": programs.to(others, basis, 6)}},
        ]
    }
