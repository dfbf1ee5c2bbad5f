"""Plain sentences for every clause of a terms document, in Chinese or English, made from the data and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from risk.errors import InvalidParameterError
from risk.sharing.blocks import Node, Seq, When
from risk.sharing.model import Model, RevenueShare
from risk.sharing.terms import compile_terms
from risk.sharing.wording.accruals import describe_accruals, describe_hurdles, describe_loan
from risk.sharing.wording.document import bands_words, condition_words, money_words, node_name, percent_words
from risk.sharing.wording.grants import describe_grant
from risk.sharing.wording.phrases import tier_sentence

Sentence = dict[str, str]
_CHANNELS = {
    "collateral": {"zh": "抵质押物处置所得", "en": "Proceeds of collateral"},
    "insurance": {"zh": "保险赔款", "en": "Insurance indemnity"},
    "estate": {"zh": "破产财产分配", "en": "Dividends of the estate"},
    "guarantee": {"zh": "担保代偿", "en": "Payment of the guarantee"},
    "reguarantee": {"zh": "再担保分担", "en": "Share of the re-guarantor"},
    "national_guarantee": {"zh": "国家融资担保基金分担", "en": "Share of the national guarantee fund"},
    "pool": {"zh": "风险补偿", "en": "Compensation of the pool"},
    "later": {"zh": "补偿后的追偿所得", "en": "Recoveries after a compensation"},
}
_PROGRAMS = {
    "operating": {"zh": "运营收入与项目自有资金支付", "en": "Operating revenue and the project's own payments"},
    "exit": {"zh": "退出和清算所得", "en": "Proceeds of exit and liquidation"},
}


def describe_terms(terms: dict[str, Any], locale: str) -> list[Sentence]:
    """Return what the terms say, clause by clause.

    Parameters
    ----------
    terms : dict
        A valid terms document.
    locale : str
        ``zh_Hans_CN`` (any ``zh…``) or ``en``.

    Returns
    -------
    list of dict
        ``clause`` (path in the document), ``title`` and ``sentence``, in the order of the document.

    Raises
    ------
    TermsError
        The terms are not valid.
    InvalidParameterError
        The locale is neither Chinese nor English.
    """
    language = "zh" if locale.startswith("zh") else "en" if locale.startswith("en") else None
    if language is None:
        raise InvalidParameterError("locale", locale, "zh_Hans_CN or en")
    model = compile_terms(terms)
    rows = [
        _rounding(model),
        *_instruments(model),
        *_tranches(model),
        *describe_accruals(model),
        *describe_hurdles(model),
        *_claims(model),
        *_policies(model),
        *_revenue_share(model),
        *_quorum(model),
    ]
    for name in ("operating", "exit"):
        program = getattr(model, name)
        if program is not None:
            rows += _program(program, _PROGRAMS[name], model)
    for name, part in model.pots.items():
        rows += _program(part, model.pot_names[name], model)
    for channel, node in (model.recoveries.channels if model.recoveries else {}).items():
        rows += _program(node, _CHANNELS[channel], model)
    return [
        {"clause": clause, "title": title[language], "sentence": sentence[language]} for clause, title, sentence in rows
    ]


Row = tuple[str, Sentence, Sentence]


def _rounding(model: Model) -> Row:
    half = {"half_even": ("四舍六入五成双", "half to even"), "half_up": ("四舍五入", "half up")}[model.rounding]
    return (
        "rounding",
        {"zh": "舍入", "en": "Rounding"},
        {
            "zh": f"计算所得金额一次性舍入到分（{half[0]}）；按比例分配时，除另有约定外，"
            "各方应得与实得之差累计结转，尾差按最大余数补足。",
            "en": f"An amount that is computed is rounded once to the minor unit ({half[1]}). In a split, unless "
            "stated otherwise, what each is owed beyond what it got is carried forward, and units left go by largest "
            "fraction.",
        },
    )


def _instruments(model: Model) -> Iterator[Row]:
    for item in model.instruments.values():
        party, amount = model.parties[item.party].name, money_words(item.commitment_minor, model)
        if item.kind == "equity":
            yield (
                f"instruments.{item.id}",
                {"zh": f"{party['zh']}出资", "en": f"Contribution of {party['en']}"},
                {
                    "zh": f"{party['zh']}承诺出资{amount['zh']}。",
                    "en": f"{party['en']} commits {amount['en']} of equity.",
                },
            )
        elif item.conversion is not None:
            yield from describe_grant(item, item.conversion, model)
        elif item.accrual is not None:
            yield describe_loan(item, item.accrual, model)


def _revenue_share(model: Model) -> Iterator[Row]:
    share = model.revenue_share
    if share is not None:
        rates, more = bands_words(share.bands, model), _cap_and_advance(share, model)
        yield (
            "revenue_share",
            {"zh": "收入分成", "en": "Share of revenue"},
            {
                "zh": f"每期应付为申报基数（{share.base['zh']}）{rates['zh']}，每期单独舍入到分；"
                "更正重述的，差额在下一次分配中抵扣，各方不退还已收款项。" + more["zh"],
                "en": f"Due for each period: {rates['en']} the base reported ({share.base['en']}), rounded once; "
                "a restatement is netted against the next distribution, and nobody pays back what it received."
                + more["en"],
            },
        )


def _cap_and_advance(share: RevenueShare, model: Model) -> dict[str, str]:
    zh = en = ""
    if share.cap_minor is not None:
        cap = money_words(share.cap_minor, model)
        zh, en = f"各期累计以{cap['zh']}为限。", f" All periods together make at most {cap['en']} due."
    if share.advance is not None:
        name = model.claims[share.advance].name
        zh += f"已付的{name['zh']}作为预付款抵扣应付分成，抵扣完毕前不另付款。"
        en += f" The {name['en']} is an advance: it is credited against what falls due before anything more is paid."
    return {"zh": zh, "en": en}


def _quorum(model: Model) -> Iterator[Row]:
    rule = model.quorum
    if rule is not None:
        names = {key: [model.parties[name].name[key] for name in rule.always] for key in ("zh", "en")}
        share = percent_words(rule.share_of_commitments)
        yield (
            "amendment",
            {"zh": "协议变更", "en": "Amendment"},
            {
                "zh": f"本协议的变更须经{'、'.join(names['zh'])}签署，且签署方的承诺金额合计不低于"
                f"全部承诺金额的{share}；变更自约定日起生效，此前的分录不变。",
                "en": f"An amendment takes effect once {', '.join(names['en'])} have signed it and those who signed "
                f"hold at least {share} of all commitments, from the day it names; entries before that day stay.",
            },
        )


def _tranches(model: Model) -> Iterator[Row]:
    for tranche in model.tranches.values():
        names = [condition.split(":", 1)[1] for condition in tranche.conditions]
        zh = "、".join(f"{name}（{model.milestones[name]['zh']}）" for name in names)
        en = ", ".join(f"{name} ({model.milestones[name]['en']})" for name in names)
        total = money_words(sum(tranche.amounts.values()), model)
        parts = {
            language: [
                f"{model.parties[model.instruments[key].party].name[language]} {money_words(amount, model)[language]}"
                for key, amount in tranche.amounts.items()
            ]
            for language in ("zh", "en")
        }
        # Partners pay in what they have promised; a pilot draws what was promised to it.
        act = "缴付出资" if model.parties[model.project].kind == "fund" else "提款"
        first_zh = f"计划于{tranche.on}{act}{total['zh']}："
        first_en = f"{total['en']} is to be drawn on {tranche.on}: "
        after_zh = f"；前提是里程碑{zh}已通过。" if names else "。"
        after_en = f"; milestone {en} must have passed." if names else "."
        yield (
            f"tranches.{tranche.id}",
            {"zh": f"第{tranche.id}期{act}", "en": f"Drawdown {tranche.id}"},
            {"zh": first_zh + "、".join(parts["zh"]) + after_zh, "en": first_en + ", ".join(parts["en"]) + after_en},
        )


def _claims(model: Model) -> Iterator[Row]:
    for item in model.claims.values():
        if item.amount_minor is None:
            continue
        party, amount = model.parties[item.party].name, money_words(item.amount_minor, model)
        if item.milestone is None:
            yield (
                f"claims.{item.id}",
                item.name,
                {
                    "zh": f"协议生效时，应向{party['zh']}支付{amount['zh']}。",
                    "en": f"{amount['en']} is owed to {party['en']} when the agreement takes effect.",
                },
            )
            continue
        name = model.milestones[item.milestone]
        yield (
            f"claims.{item.id}",
            item.name,
            {
                "zh": f"里程碑{item.milestone}（{name['zh']}）通过时，应向{party['zh']}支付{amount['zh']}。",
                "en": f"{amount['en']} is owed to {party['en']} once milestone {item.milestone} ({name['en']}) "
                "has passed.",
            },
        )


def _policies(model: Model) -> Iterator[Row]:
    for item in model.policies.values():
        party, insured = model.parties[item.party].name, model.parties[item.insured].name
        payers = {
            language: [
                f"{model.parties[key].name[language]} {money_words(amount, model)[language]}"
                for key, amount in item.paid_by.items()
            ]
            for language in ("zh", "en")
        }
        amount = money_words(item.premium_minor, model)
        yield (
            f"policies.{item.id}",
            {"zh": "保险", "en": "Insurance"},
            {
                "zh": f"{insured['zh']}为被保险人，保费{amount['zh']}直接支付给{party['zh']}："
                f"{'、'.join(payers['zh'])}。",
                "en": f"{insured['en']} is insured; the premium of {amount['en']} goes straight to {party['en']}: "
                f"{', '.join(payers['en'])}.",
            },
        )


def _program(node: Node, title: Sentence, model: Model) -> Iterator[Row]:
    if isinstance(node, When):
        holds = condition_words(node.condition, model)
        approval = model.approvals.get(node.approval or "")
        other = {"zh": "其他情形", "en": "in any other case"}
        for branch, condition in (
            (node.then, {"zh": f"如{holds['zh']}", "en": f"if {holds['en']}"}),
            (node.otherwise, other),
        ):
            if branch is not None:
                inner = {"zh": f"{title['zh']}（{condition['zh']}）", "en": f"{title['en']} ({condition['en']})"}
                yield from _program(branch, inner, model)
        if approval is not None:
            yield (
                node.path,
                title,
                {
                    "zh": f"以{approval['body']['zh']}{approval['on']}第{approval['number']}号批准为依据。",
                    "en": f"Rests on approval {approval['number']} of {approval['on']} by {approval['body']['en']}.",
                },
            )
        return
    blocks = node.blocks if isinstance(node, Seq) else (node,)
    for place, block in enumerate(blocks, start=1):
        name = node_name(block, model)
        heading = {key: f"{title[key]} {place}. {name[key][:1].upper() + name[key][1:]}" for key in title}
        yield (block.path, heading, tier_sentence(block, model))
