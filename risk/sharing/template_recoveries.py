"""The recoveries of the joint pilot template: what comes back after a loss, by legal channel in rank."""

from __future__ import annotations

from risk.sharing.template_programs import LOAN, POLICY_LIMIT, Json, add, bal, by_balance, cap, estate, rest_of, to


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
    if pool and bank:
        channels["pool"] = {
            "layer": {
                "name": {"zh": "风险补偿资金池", "en": "Risk-compensation pool"},
                "payer": pool["id"],
                "loss": bal(f"net_principal_loss:{LOAN}"),
                "share": pool["share"],
                "limits": [limit["id"] for limit in pool["limits"]],
                "then": to(bank["id"], "pool_compensation", 5, settles=f"principal:{LOAN}"),
            }
        }
        borne = [f"loss_borne:{LOAN}:{bank['id']}", f"loss_borne:{LOAN}:{pool['id']}"]
        channels["later"] = {
            "seq": [
                cap(
                    add(*borne),
                    by_balance(
                        (bank["id"], [borne[0]], to(bank["id"], "loan_principal", 6, settles=borne[0])),
                        (pool["id"], [borne[1]], to(pool["id"], "guarantee_recourse", 6, settles=borne[1])),
                    ),
                    "按承担损失比例返还",
                    "Returned pro rata to the loss each bore",
                ),
                to(parameters["project"]["id"], "retained_by_project", 9),
            ]
        }
    return channels


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
            "limits": [POLICY_LIMIT],
            "then": then,
        }
    }
