"""The recoveries of the joint pilot template: what comes back after a loss, by legal channel in rank."""

from __future__ import annotations

from risk.sharing.compiling.programs import UPWARD
from risk.sharing.templates import programs
from risk.sharing.templates.programs import LOAN, POLICY_LIMIT, Json, add, bal, by_balance, cap, estate, rest_of, to


def recoveries(parameters: Json) -> Json:
    """Return what comes back after a loss, by legal channel."""
    bank, insurer, pool = parameters.get("bank"), parameters.get("insurer"), parameters.get("pool")
    channels: Json = {}
    if bank:
        channels["collateral"] = {
            "seq": [
                *_to_bank(bank["id"], "loan_interest", "loan_principal"),
                estate("liquidation_surplus", 3),
            ]
        }
    if insurer:
        channels["insurance"] = _indemnity(insurer, bank)
    links = programs.guarantors(parameters) if bank else []
    payers = [link["id"] for link in links] + ([pool["id"]] if pool and bank else [])
    if bank and payers:
        borne = {party: f"loss_borne:{LOAN}:{party}" for party in (bank["id"], *payers)}
        for channel, link in zip(("guarantee", *UPWARD), links, strict=False):
            channels[channel] = _guarantee(link, bank["id"], borne, first=link is links[0])
        if pool:
            channels["pool"] = _compensation(
                pool,
                bal(f"net_principal_loss:{LOAN}"),
                [limit["id"] for limit in pool["limits"]],
                to(bank["id"], "pool_compensation", 5, settles=f"principal:{LOAN}"),
                {"zh": "风险补偿资金池", "en": "Risk-compensation pool"},
            )
        channels["later"] = _later(parameters, borne)
    return channels


def _compensation(payer: Json, loss: Json, limits: list[str], then: Json, name: Json) -> Json:
    return {
        "layer": {
            "name": name,
            "payer": payer["id"],
            "loss": loss,
            "share": payer["share"],
            **({"steps": payer["share_steps"]} if payer.get("share_steps") else {}),
            "limits": limits,
            "then": then,
        }
    }


def _guarantee(link: Json, bank: str, borne: dict[str, str], *, first: bool) -> Json:
    """Return what a guarantor pays: the first to the bank, the others to the first, each on the loss of them all."""
    limits = [programs.payout_limit(link["id"])] if link.get("limit_minor") is not None else []
    if first:
        then = to(bank, "loan_principal", 4, settles=f"principal:{LOAN}")
        loss = bal(f"net_principal_loss:{LOAN}")
    else:
        payer = list(borne)[1]
        then = to(payer, "guarantee_recourse", 4, settles=borne[payer])
        # Together they bear the same loss whoever has paid whom, so the order of their claims is without effect.
        loss = add(*borne.values())
    return _compensation(link, loss, limits, then, link["name"])


def _later(parameters: Json, borne: dict[str, str]) -> Json:
    legs = [
        (party, [name], to(party, "loan_principal" if place == 0 else "guarantee_recourse", 6, settles=name))
        for place, (party, name) in enumerate(borne.items())
    ]
    return {
        "seq": [
            cap(
                add(*borne.values()),
                by_balance(*legs),
                "按承担损失比例返还",
                "Returned pro rata to the loss each bore",
            ),
            to(parameters["project"]["id"], "retained_by_project", 9),
        ]
    }


def _to_bank(bank: str, interest: str, principal: str) -> list[Json]:
    return [
        cap(
            bal(f"interest_due:{LOAN}"),
            to(bank, interest, 1, settles=f"interest_due:{LOAN}"),
            "贷款利息",
            "Interest on the loan",
        ),
        cap(
            bal(f"principal:{LOAN}"),
            to(bank, principal, 2, settles=f"principal:{LOAN}"),
            "贷款本金",
            "Principal of the loan",
        ),
    ]


def _indemnity(insurer: Json, bank: Json | None) -> Json:
    insured = estate("insurance_indemnity", 3)
    share = insurer.get("assigned_to_bank")
    then = insured
    if bank and share:
        then = {
            "share": {
                "legs": [
                    {
                        "id": "assigned",
                        "share": share,
                        "priority": 1,
                        "then": {"seq": [*_to_bank(bank["id"], "assignment", "assignment"), insured]},
                    },
                    {"id": "insured", "share": rest_of(share), "priority": 2, "then": insured},
                ]
            }
        }
    return {
        "layer": {
            "name": {"zh": "中试失败保险", "en": "Pilot-failure insurance"},
            "payer": insurer["id"],
            "loss": {"metric": "accepted_spend"},
            "deductible_minor": insurer["deductible_minor"],
            "share": insurer["share"],
            **({"steps": insurer["share_steps"]} if insurer.get("share_steps") else {}),
            **({"franchise_minor": insurer["franchise_minor"]} if "franchise_minor" in insurer else {}),
            "limits": [POLICY_LIMIT],
            "then": then,
        }
    }
