"""The published JSON Schema (draft 2020-12) of a terms document and of events.

The engine itself reads documents with clause-level refusals (:mod:`risk.sharing.terms`); the schema is for editors and
other programs. A test holds that every document the engine accepts is valid under it.
"""

from __future__ import annotations

from typing import Any

from risk.sharing.amounts import BALANCE_KINDS
from risk.sharing.arithmetic import BOUND
from risk.sharing.compiling.accruals import METHODS, PERIODS
from risk.sharing.compiling.loans import MOST_INSTALMENTS
from risk.sharing.compiling.programs import CHANNELS, FACILITIES
from risk.sharing.day_counts import DAY_COUNTS
from risk.sharing.handlers import KINDS
from risk.sharing.model import (
    CAPACITIES,
    EXIT_KINDS,
    LEGAL_BASES,
    PARTY_KINDS,
    SHARED_COUNTS,
    SHARED_ORDERS,
)
from risk.sharing.split import POLICIES
from risk.sharing.terms import CURRENCIES, DAY_ZONES
from risk.sharing.tiers import MODES

Json = dict[str, Any]


def _object(required: Json, optional: Json | None = None) -> Json:
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Json, at_least: int = 0) -> Json:
    return {"type": "array", "items": items, "minItems": at_least}


def _one_of(choices: Json) -> Json:
    return {"oneOf": [_object({key: value}) for key, value in choices.items()]}


_ROUNDING = {"enum": ["half_even", "half_up"]}
_RATE = {**_object({"value": _ref("decimal"), "per": {"const": "year"}}), "description": "A yearly rate."}
_BANDS = {
    "bands": _list(_object({"rate": _ref("share")}, {"upto_minor": _ref("minor")}), 1),
    "mode": {"enum": list(MODES)},
}
_CREDITED = {"cap_minor": _ref("minor"), "advance": _ref("id")}
_LAYER = {
    "franchise_minor": {
        **_ref("minor"),
        "description": "A loss not above it pays nothing, a larger one from the ground.",
    },
    "steps": _list(_object({"milestone": _ref("id"), "share": _ref("share")})),
    "deductible_minor": _ref("minor"),
    "attach_minor": _ref("minor"),
    "limit_minor": {"anyOf": [_ref("minor"), {"type": "null"}], "description": "null means no limit of the layer."},
    "limits": _list(_ref("id")),
    "rounding": _ROUNDING,
}
_TO = _object(
    {"party": _ref("id"), "legal_basis": {"enum": list(LEGAL_BASES)}, "rank": _ref("rank")},
    {
        "account": {"const": "payable"},
        "settles": _ref("balance"),
        "contract": _ref("text"),
        "approval": _ref("id"),
        "conceded_by": _ref("id"),
        "cap_share_of_gain": _ref("share"),
        "resolution": {"type": "boolean"},
        "name": _ref("bilingual"),
    },
)
_LEG = {
    **_object(
        {"then": _ref("block")},
        {
            "id": _ref("id"),
            "priority": _ref("minor"),
            "share": _ref("share"),
            "part": _ref("minor"),
            "balance": {"anyOf": [_ref("balance"), _list(_ref("balance"), 1)]},
        },
    ),
    "oneOf": [{"required": [key]} for key in ("share", "part", "balance")],
}
_BLOCKS = {
    "to": _TO,
    "keep": _object(
        {"account": {"const": "estate"}, "legal_basis": {"enum": list(LEGAL_BASES)}, "rank": _ref("rank")},
        {"name": _ref("bilingual")},
    ),
    "pot": _object({"pot": _ref("id")}, {"settles": _ref("balance"), "name": _ref("bilingual")}),
    "seq": _list(_ref("block"), 1),
    "share": _object(
        {"legs": _list(_LEG, 1)},
        {"policy": {"anyOf": [{"enum": list(POLICIES)}, _object({"to": _ref("id")})]}, "name": _ref("bilingual")},
    ),
    "cap": _object({"amount": _ref("amount"), "then": _ref("block")}, {"name": _ref("bilingual")}),
    "when": _object(
        {"if": _ref("condition"), "then": _ref("block")},
        {"else": _ref("block"), "approval": _ref("id"), "name": _ref("bilingual")},
    ),
}
_AMOUNTS = {
    "amount_minor": _ref("minor"),
    "bal": _ref("balance"),
    "metric": _ref("id"),
    "min": _list(_ref("amount"), 1),
    "max": _list(_ref("amount"), 1),
    "sum": _list(_ref("amount"), 1),
    "minus": _list(_ref("amount"), 2),
    "pct": _object({"rate": _ref("decimal"), "of": _ref("amount")}, {"rounding": _ROUNDING}),
    "tiered": _object({"of": _ref("amount"), **_BANDS}, {"rounding": _ROUNDING}),
    "gap": {
        "oneOf": [
            _object({"party": _ref("id"), "multiple": _ref("decimal")}),
            _object(
                {"party": _ref("id"), "share_of_profit": _ref("share"), "speed": _ref("share")},
                {"among": _list(_ref("id"), 1)},
            ),
            _object({"hurdle": _ref("id")}, {"speed": _ref("share")}),
        ]
    },
    "layer": _object({"loss": _ref("amount"), "share": _ref("share")}, _LAYER),
}
_CONDITIONS = {
    "milestone": _ref("id"),
    "flag": _ref("id"),
    "on_or_after": _ref("date"),
    "exit_kind": {"enum": list(EXIT_KINDS)},
    "default": {"type": "boolean"},
    "converted": _ref("id"),
    "all": _list(_ref("condition"), 1),
    "any": _list(_ref("condition"), 1),
    "not": _ref("condition"),
}
_FACILITY = _object(
    {
        "layer": _object(
            {"payer": _ref("id"), "loss": _ref("amount"), "share": _ref("share"), "then": _ref("block")},
            {**_LAYER, "name": _ref("bilingual")},
        )
    }
)
_STEPS = _list(_object({"milestone": _ref("id"), "from": _ref("date"), "rate": _RATE}))
_PERIODS = _object({"per": {"enum": list(PERIODS)}, "within": {"const": "simple"}, "from": _ref("date")})
_EQUITY = {"id": _ref("id"), "kind": {"const": "equity"}, "party": _ref("id"), "commitment_minor": _ref("minor")}
_LOAN = {
    **_EQUITY,
    "kind": {"const": "loan"},
    "rate": _RATE,
    "day_count": {"enum": list(DAY_COUNTS)},
    "settled": _object(
        {
            "day": {"type": "integer", "minimum": 1, "maximum": 28},
            "months": _list({"type": "integer", "minimum": 1, "maximum": 12}, 1),
        }
    ),
}
_INSTALMENTS = {
    "first": _ref("date"),
    "every_months": {"type": "integer", "minimum": 1, "maximum": 120},
    "count": {"type": "integer", "minimum": 1, "maximum": MOST_INSTALMENTS},
}
_LOAN_MORE = {
    "repayments": _list(_object({"on": _ref("date"), "amount_minor": _ref("minor")})),
    "schedule": _one_of(
        {
            "bullet": _object({"on": _ref("date")}),
            "linear": _object(_INSTALMENTS),
            "annuity": _object({"start": _ref("date"), **_INSTALMENTS}),
        }
    ),
    "steps": _STEPS,
    "carry": {"enum": ["none", "carried"]},
}
_GRANT = {
    **_EQUITY,
    "kind": {"const": "conditional_grant"},
    "conversion": _object(
        {
            "discount": _ref("share"),
            "holding_cap": _ref("share"),
            "convert_by": _ref("date"),
            "certified_by": _ref("id"),
            "others": _ref("id"),
            "price_rule": _ref("bilingual"),
            "exemption": _ref("bilingual"),
        }
    ),
}
_NAMED = _object({"id": _ref("id"), "name": _ref("bilingual")})
_BALANCE_PATTERN = "^(" + "|".join(BALANCE_KINDS) + ")(:[A-Za-z0-9][A-Za-z0-9_.-]*){0,2}$"

_DEFS: Json = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
    "text": {"type": "string", "minLength": 1, "maxLength": 400},
    "bilingual": _object({"zh": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}}),
    "minor": {"type": "integer", "minimum": 0, "maximum": BOUND, "description": "Minor units of the currency."},
    "rank": {"type": "integer", "minimum": 1, "maximum": 99},
    "decimal": {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,12})?$"},
    "share": {"type": "string", "pattern": r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$"},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "balance": {"type": "string", "pattern": _BALANCE_PATTERN},
    "block": _one_of(_BLOCKS),
    "amount": _one_of(_AMOUNTS),
    "condition": _one_of(_CONDITIONS),
    "facility": _FACILITY,
}

TERMS_SCHEMA: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Terms of an agreement",
    "$defs": _DEFS,
    **_object(
        {
            "schema": {"const": 1},
            "currency": {"enum": list(CURRENCIES)},
            "day_zone": {"enum": list(DAY_ZONES)},
            "project": _ref("id"),
            "parties": _list(
                _object(
                    {"id": _ref("id"), "kind": {"enum": list(PARTY_KINDS)}, "name": _ref("bilingual")},
                    {"capacity": {"enum": list(CAPACITIES)}, "priority": _ref("minor")},
                ),
                1,
            ),
            "programs": {
                **_object(
                    {},
                    {
                        "operating": _ref("block"),
                        "exit": _ref("block"),
                        "recoveries": _object(
                            {
                                "recover": _object(
                                    {},
                                    {
                                        channel: _ref("facility" if channel in FACILITIES else "block")
                                        for channel in CHANNELS
                                    },
                                )
                            }
                        ),
                    },
                ),
                "minProperties": 1,
            },
        },
        {
            "title": _ref("bilingual"),
            "invented": _ref("bilingual"),
            "rounding": _ROUNDING,
            "approvals": _list(
                _object({"id": _ref("id"), "body": _ref("bilingual"), "number": _ref("text"), "on": _ref("date")})
            ),
            "milestones": _list(_NAMED),
            "flags": _list(_NAMED),
            "instruments": _list(
                {
                    "oneOf": [
                        _object(_EQUITY),
                        {
                            **_object(_LOAN, _LOAN_MORE),
                            "oneOf": [{"required": ["repayments"]}, {"required": ["schedule"]}],
                        },
                        _object(_GRANT),
                    ]
                }
            ),
            "tranches": _list(
                _object(
                    {
                        "id": _ref("id"),
                        "on": _ref("date"),
                        "amounts": {"type": "object", "additionalProperties": _ref("minor"), "minProperties": 1},
                    },
                    {"conditions": _list(_ref("id"))},
                )
            ),
            "accruals": _list(
                _object(
                    {
                        "id": _ref("id"),
                        "party": _ref("id"),
                        "base": _ref("balance"),
                        "rate": _RATE,
                        "day_count": {"enum": list(DAY_COUNTS)},
                    },
                    {"method": {"enum": list(METHODS)}, "compound": _PERIODS, "steps": _STEPS},
                )
            ),
            "hurdles": _list(
                _object(
                    {
                        "id": _ref("id"),
                        "party": _ref("id"),
                        "rate": _RATE,
                        "day_count": {"enum": list(DAY_COUNTS)},
                        "carry_excess": {"type": "boolean"},
                    }
                )
            ),
            "claims": _list(
                _object(
                    {"id": _ref("id"), "party": _ref("id"), "name": _ref("bilingual")},
                    {
                        "amount_minor": _ref("minor"),
                        "due_on": _one_of({"milestone": _ref("id"), "activation": {"const": True}}),
                    },
                )
            ),
            "limits": _list(
                _object(
                    {"id": _ref("id"), "party": _ref("id"), "amount_minor": _ref("minor"), "name": _ref("bilingual")},
                    {
                        "shared": _object(
                            {
                                "register": _ref("id"),
                                "counts": {"enum": list(SHARED_COUNTS)},
                                "order": {"enum": list(SHARED_ORDERS)},
                            }
                        )
                    },
                )
            ),
            "policies": _list(
                _object(
                    {
                        "id": _ref("id"),
                        "party": _ref("id"),
                        "insured": _ref("id"),
                        "premium_minor": _ref("minor"),
                        "paid_by": {"type": "object", "additionalProperties": _ref("minor")},
                    }
                )
            ),
            "revenue_share": {
                "oneOf": [
                    _object({"rate": _ref("share"), "base": _ref("bilingual")}, _CREDITED),
                    _object({**_BANDS, "base": _ref("bilingual")}, _CREDITED),
                ]
            },
            "amendment": _object({"always": _list(_ref("id"), 1), "share_of_commitments": _ref("share")}),
            "pots": {
                "type": "object",
                "additionalProperties": _object({"name": _ref("bilingual"), "program": _ref("block")}),
            },
        },
    ),
}

EVENT_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Made by the client, unique in the agreement."},
        "kind": {"enum": list(KINDS)},
        "effective_on": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "body": {"type": "object"},
    },
    "required": ["id", "kind", "effective_on"],
    "additionalProperties": False,
}
