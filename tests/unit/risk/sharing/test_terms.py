"""Reading terms: every refusal has a stable code, the clause and a sentence; the published schema agrees."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from risk.errors import RiskError
from risk.sharing import EVENT_SCHEMA, TERMS_SCHEMA, TermsError, canonical_json, validate_terms
from risk.sharing.templates.scenario_a import scenario_a, scenario_a_terms
from tests.reference.sharing_generator import Generator

Json = dict[str, Any]
RESIDUAL = ("programs", "exit", "when", "else", "seq")


def at(document: Any, *path: Any) -> Any:
    """Return what stands at a path."""
    for key in path:
        document = document[key]
    return document


def put(*path_and_value: Any) -> Callable[[Json], None]:
    """Return a change that sets a value at a path."""
    *path, value = path_and_value

    def change(document: Json) -> None:
        at(document, *path[:-1])[path[-1]] = value

    return change


def drop(*path: Any) -> Callable[[Json], None]:
    """Return a change that removes what stands at a path."""

    def change(document: Json) -> None:
        del at(document, *path[:-1])[path[-1]]

    return change


def deep(document: Json) -> None:
    """Nest the operating program deeper than allowed."""
    block: Json = document["programs"]["operating"]
    for _ in range(40):
        block = {"when": {"if": {"default": True}, "then": block, "else": block}}
        block["when"]["else"] = {"to": {"party": "bank", "legal_basis": "service_fee", "rank": 1}}
    document["programs"]["operating"] = block


def wide(document: Json) -> None:
    """Give the operating program more blocks than allowed."""
    cap = {"cap": {"amount": {"amount_minor": 1}, "then": {"to": leaf("bank")}}}
    document["programs"]["operating"]["seq"] = [cap] * 1000 + [{"to": leaf("bank")}]


def leaf(party: str, **more: Any) -> Json:
    """Return the inside of a leaf."""
    return {"party": party, "legal_basis": "service_fee", "rank": 1, **more}


def circle(document: Json) -> None:
    """Let two parts feed each other."""
    for name, other in (("guidance-sale", "guidance-liquidation"), ("guidance-liquidation", "guidance-sale")):
        document["pots"][name]["program"] = {"pot": {"pot": other}}


CAP_TO_ANGEL = {"cap": {"amount": {"amount_minor": 1}, "then": {"to": leaf("angel")}}}
BAD: list[tuple[str, str, Callable[[Json], None]]] = [
    ("shares_do_not_add_up", "programs.exit.when.else.seq[4].share",
     put(*RESIDUAL, 4, "share", "legs", 0, "share", "0.45")),
    ("last_bucket_bounded", "programs.operating.seq[3]", put("programs", "operating", "seq", 3, CAP_TO_ANGEL)),
    ("last_bucket_bounded", "programs.exit", put("programs", "exit", CAP_TO_ANGEL)),
    ("unreachable_block", "programs.operating.seq[0]", put("programs", "operating", "seq", 0, {"to": leaf("bank")})),
    ("unknown_party", "programs.operating.seq[3].to.party",
     put("programs", "operating", "seq", 3, "to", "party", "nobody")),
    ("unknown_party", "project", put("project", "nobody")),
    ("negative_amount", "tranches[0].amounts.angel-equity", put("tranches", 0, "amounts", "angel-equity", -1)),
    ("amount_too_large", "limits[0].amount_minor", put("limits", 0, "amount_minor", 9 * 10**15 + 1)),
    ("float_in_amount", "limits[0].amount_minor", put("limits", 0, "amount_minor", 1.5)),
    ("amount_not_integer", "limits[0].amount_minor", put("limits", 0, "amount_minor", True)),
    ("amount_without_unit", "programs.operating.seq[0].cap.amount",
     put("programs", "operating", "seq", 0, "cap", "amount", 5)),
    ("rate_without_unit", "accruals[0].rate", put("accruals", 0, "rate", "0.06")),
    ("rate_without_unit", "accruals[0].rate.per", put("accruals", 0, "rate", {"value": "0.06"})),
    ("bad_decimal", "accruals[0].rate.value", put("accruals", 0, "rate", "value", "6%")),
    ("bad_decimal", "accruals[0].rate.value", put("accruals", 0, "rate", "value", "-0.06")),
    ("rate_too_high", "accruals[0].rate.value", put("accruals", 0, "rate", "value", "10.01")),
    ("bad_date", "tranches[0].on", put("tranches", 0, "on", "9999-12-31")),
    ("wrong_currency", "currency", put("currency", "XYZ")),
    ("circular_reference", "pots.guidance-sale.program", circle),
    ("too_deep", "programs.operating", deep),
    ("too_many_nodes", "programs.operating", wide),
    ("unknown_key", "terms.surprise", put("surprise", 1)),
    ("unknown_key", "programs.operating.seq[3].to.bonus", put("programs", "operating", "seq", 3, "to", "bonus", 1)),
    ("missing_key", "programs.operating.seq[3].to.legal_basis",
     drop("programs", "operating", "seq", 3, "to", "legal_basis")),
    ("missing_key", "programs.operating.seq[3].to.rank", drop("programs", "operating", "seq", 3, "to", "rank")),
    ("bad_rank", "programs.operating.seq[3].to.rank", put("programs", "operating", "seq", 3, "to", "rank", 0)),
    ("not_allowed", "programs.operating.seq[3].to.legal_basis",
     put("programs", "operating", "seq", 3, "to", "legal_basis", "gift")),
    ("not_one_key", "programs.operating", put("programs", "operating", {"to": leaf("bank"), "seq": []})),
    ("unknown_block", "programs.operating", put("programs", "operating", {"magic": {}})),
    ("share_leg_bounded", "programs.exit.when.else.seq[4].share.legs[1]",
     put(*RESIDUAL, 4, "share", "legs", 1, "then", CAP_TO_ANGEL)),
    ("mixed_weights", "programs.exit.when.else.seq[4].share",
     put(*RESIDUAL, 4, "share", "legs", 1, {"id": "x", "part": 1, "then": {"to": leaf("angel")}})),
    ("leg_twice", "programs.exit.when.else.seq[4].share.legs[1]",
     put(*RESIDUAL, 4, "share", "legs", 1, "id", "investors")),
    ("unknown_balance", "programs.operating.seq[0].cap.amount.bal",
     put("programs", "operating", "seq", 0, "cap", "amount", "bal", "luck:angel")),
    ("settles_other_party", "programs.operating.seq[0].cap.then.to.settles",
     put("programs", "operating", "seq", 0, "cap", "then", "to", "party", "centre")),
    ("capital_from_revenue", "programs.operating.seq[3].to",
     put("programs", "operating", "seq", 3, {"to": leaf("angel", legal_basis="share_sale", settles="capital:angel")})),
    ("legal_basis_does_not_fit", "programs.operating.seq[0].cap.then.to.legal_basis",
     put("programs", "operating", "seq", 0, "cap", "then", "to", "legal_basis", "service_fee")),
    ("approval_required", "pots.guidance-liquidation.program.seq[2].when.then.share.legs[0].then.to.approval",
     drop("pots", "guidance-liquidation", "program", "seq", 2, "when", "then", "share", "legs", 0, "then", "to",
          "approval")),
    ("concession_incomplete", "pots.guidance-sale.program.seq[2].when.then.share.legs[0].then.to.cap_share_of_gain",
     drop("pots", "guidance-sale", "program", "seq", 2, "when", "then", "share", "legs", 0, "then", "to",
          "cap_share_of_gain")),
    ("approval_required", "pots.guidance-liquidation.program.seq[0].cap.then.to",
     drop("programs", "exit", "when", "approval")),
    ("guidance_subordinated_outside_liquidation", "pots.guidance-liquidation.program.seq[0].cap.then.to",
     put("programs", "exit", "when", "if", {"milestone": "M3"})),
    ("later_recoveries_missing", "programs.recoveries.recover", drop("programs", "recoveries", "recover", "later")),
    ("tranches_do_not_add_up", "tranches", put("tranches", 0, "amounts", "angel-equity", 1)),
    ("repayments_do_not_add_up", "instruments[3].repayments", put("instruments", 3, "repayments", [])),
    ("id_twice", "parties[1].id", put("parties", 1, "id", "angel")),
    ("bad_identifier", "parties[1].id", put("parties", 1, "id", "with space")),
    ("bad_date", "tranches[0].on", put("tranches", 0, "on", "2027-02-30")),
    ("unknown_milestone", "tranches[0].conditions[0]", put("tranches", 0, "conditions", ["M9"])),
    ("unknown_schema", "schema", put("schema", 2)),
    ("no_program", "programs", put("programs", {})),
    ("bad_text", "parties[0].name.zh", put("parties", 0, "name", "zh", "")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "clause", "change"), BAD, ids=[f"{row[0]}-{row[1]}"[:80] for row in BAD])
def test_bad_terms_are_refused_by_code_and_clause(code: str, clause: str, change: Callable[[Json], None]) -> None:
    terms = scenario_a_terms()
    change(terms)
    with pytest.raises(TermsError) as refusal:
        validate_terms(terms)
    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")
    if code in ("too_deep", "too_many_nodes"):
        assert refusal.value.field is not None
        assert refusal.value.field.startswith(clause)
    else:
        assert refusal.value.field == clause


@pytest.mark.parametrize("document", [None, [], "terms", 3, {}, {"schema": 1}])
def test_what_is_no_document_is_refused(document: Any) -> None:
    with pytest.raises(TermsError):
        validate_terms(document)


def test_the_published_schema_accepts_what_the_engine_accepts() -> None:
    validator = jsonschema.Draft202012Validator(TERMS_SCHEMA)
    jsonschema.Draft202012Validator.check_schema(EVENT_SCHEMA)
    for terms in [scenario_a_terms(), *(Generator(seed).agreement().terms for seed in range(40))]:
        validate_terms(terms)
        assert list(validator.iter_errors(terms)) == []
    for event in scenario_a("hard_failure")["events"]:
        jsonschema.validate(event, EVENT_SCHEMA)


SHAPES = ("negative_amount", "float_in_amount", "rate_without_unit", "wrong_currency", "unknown_block", "unknown_key",
          "missing_key", "bad_rank", "not_one_key")  # fmt: skip


@pytest.mark.parametrize("code", SHAPES)
def test_the_published_schema_refuses_broken_shapes(code: str) -> None:
    change = next(row[2] for row in BAD if row[0] == code)
    terms = scenario_a_terms()
    change(terms)
    assert not jsonschema.Draft202012Validator(TERMS_SCHEMA).is_valid(terms)


def test_canonical_json_is_one_text_for_one_meaning() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert canonical_json({"b": 1, "a": [composed]}) == canonical_json({"a": [decomposed], "b": 1})
    assert canonical_json({"b": 1, "a": [composed]}) == '{"a":["caf\u00e9"],"b":1}'
    for value, code in ((1.0, "float_in_document"), ({1: 2}, "key_not_text"), ({1, 2}, "not_json"),
                        ({composed: 1, decomposed: 2}, "key_twice")):  # fmt: skip
        with pytest.raises(RiskError) as refusal:
            canonical_json(value)
        assert refusal.value.code == code


def test_validation_does_not_alter_the_document() -> None:
    terms = scenario_a_terms()
    before = copy.deepcopy(terms)
    validate_terms(terms)
    assert terms == before


def test_settling_loads_neither_numpy_nor_pandas() -> None:
    program = (
        "import sys; from risk.sharing import Engine; from risk.sharing.templates.scenario_a import scenario_a;"
        "document = scenario_a('success'); engine = Engine(document['terms']); state = engine.open();"
        "[state := engine.apply(state, event).state for event in document['events']];"
        "print(sorted({'numpy', 'pandas', 'scipy', 'sklearn', 'jsonschema'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_command_settles_its_example_and_refuses_bad_input_with_exit_two(tmp_path: Any) -> None:
    from risk.commands import settle as command

    answer = command.run(None, command.EXAMPLE)  # type: ignore[arg-type]  # the command has no options
    jsonschema.validate(answer, command.OUTPUT_SCHEMA)
    path = tmp_path / "agreement.json"
    bad = copy.deepcopy(command.EXAMPLE)
    bad["terms"]["currency"] = "XYZ"
    path.write_text(json.dumps(bad), encoding="utf-8")
    command_line = [sys.executable, "-m", "risk", "settle", str(path)]
    result = subprocess.run(command_line, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert json.loads(result.stderr)["error"]["code"] == "wrong_currency"
