"""Concessions (让利) of a guidance fund in the templates: what it keeps, what it gives to whom, on which conditions."""

from __future__ import annotations

from fractions import Fraction

from risk.sharing.templates.programs import CONCESSION, KEPT, Json, bal, cap, pot_name, rest_of, to


def concession_pots(parameters: Json) -> Json:
    """Return the part of the guidance fund: capital, the return it keeps, and what it concedes on conditions."""
    guidance = parameters.get("guidance") or {}
    concession = guidance.get("concession")
    if not concession:
        return {}
    names = {
        "sale": {"zh": "引导基金份额（股权转让）", "en": "The guidance fund's part in a sale"},
        "liquidation": {"zh": "引导基金份额（清算）", "en": "The guidance fund's part in a liquidation"},
    }
    return {
        pot_name(context): {"name": names[context], "program": _part(guidance["party"], concession, basis)}
        for context, basis in (("sale", "share_sale"), ("liquidation", "liquidation_surplus"))
    }


def concession_block(public: str, concession: Json, basis: str) -> Json:
    """Return what becomes of a public investor's gain: conceded where the conditions hold, else its own.

    ``cap_share_of_gain`` of the money is conceded; where the concession states its own ``share``, that part is, and
    only up to the cap on the gains realised and kept before it.
    """
    conceded: Json = {
        "share": {
            "legs": [
                {
                    "part": part,
                    "then": to(
                        party,
                        "concession",
                        7,
                        conceded_by=public,
                        approval=CONCESSION,
                        cap_share_of_gain=concession["cap_share_of_gain"],
                    ),
                }
                for party, part in concession["beneficiaries"].items()
            ]
        }
    }
    keep, most = to(public, basis, 7), str(concession["cap_share_of_gain"])
    share = str(concession.get("share", most))
    if "share" in concession:
        room = {"minus": [{"pct": {"rate": most, "of": bal(f"gain:{public}")}}, bal(f"conceded:{public}")]}
        conceded = {"seq": [cap(room, conceded, "让利上限以内", "Within the cap of the concession"), keep]}
    if Fraction(share) < 1:
        legs: list[Json] = [
            {"id": "conceded", "share": share, "then": conceded},
            {"id": "kept", "share": rest_of(share), "then": keep},
        ]
        # Legs are paid in their order: what is kept counts as gain before the room under the cap is measured.
        conceded = {"share": {"legs": legs[::-1] if "share" in concession else legs}}
    return {
        "when": {
            "name": {"zh": "让利", "en": "Concession"},
            "if": {"all": [{"flag": flag["id"]} for flag in concession["conditions"]]},
            "then": conceded,
            "else": keep,
            "approval": CONCESSION,
        }
    }


def _part(public: str, concession: Json, basis: str) -> Json:
    return {
        "seq": [
            cap(
                bal(f"capital:{public}"),
                to(public, basis, 3, settles=f"capital:{public}"),
                "引导基金本金",
                "Capital of the guidance fund",
            ),
            cap(
                bal(f"preference:{KEPT}"),
                to(public, basis, 5, settles=f"preference:{KEPT}"),
                "引导基金保留的低收益",
                "Low return the guidance fund keeps",
            ),
            concession_block(public, concession, basis),
        ]
    }
