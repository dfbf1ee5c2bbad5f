"""Words for balances, amounts, conditions and nodes in both languages, made from the compiled terms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from risk.sharing.amounts import (
    Amount,
    Balance,
    Combination,
    Constant,
    Gap,
    HurdleGap,
    Layer,
    Metric,
    Percentage,
    ShareGap,
    balance_named,
)
from risk.sharing.blocks import Condition
from risk.sharing.model import Limit, Model, RevenueShare
from risk.sharing.tiers import Bands, Tiered

Words = dict[str, str]

_BALANCES: dict[str, Words] = {
    "capital": {"zh": "{0}未收回的出资", "en": "unreturned capital of {0}"},
    "contributed": {"zh": "{0}已缴出资", "en": "capital paid in by {0}"},
    "received": {"zh": "{0}已收款项", "en": "what {0} has received"},
    "gain": {"zh": "{0}已实现收益", "en": "realised gain of {0}"},
    "conceded": {"zh": "{0}已让利金额", "en": "gain conceded by {0}"},
    "preference": {"zh": "{0}已计提未付的优先收益", "en": "accrued and unpaid preference of {0}"},
    "principal": {"zh": "{0}未偿本金", "en": "outstanding principal of {0}"},
    "principal_due": {"zh": "{0}到期应还本金", "en": "principal due of {0}"},
    "interest_due": {"zh": "{0}应付利息", "en": "interest due of {0}"},
    "net_principal_loss": {"zh": "{0}净本金损失", "en": "net principal loss of {0}"},
    "loss_borne": {"zh": "{1}承担的{0}损失", "en": "loss of {0} borne by {1}"},
    "grant": {"zh": "{0}尚未转股的金额", "en": "what is not converted of {0}"},
    "grant_due": {"zh": "{0}应退还的金额", "en": "what is to be repaid of {0}"},
    "grant_lost": {"zh": "{0}已核销的金额", "en": "what is written off of {0}"},
    "shares": {"zh": "{0}持有的股份", "en": "the shares held by {0}"},
    "claim": {"zh": "{0}", "en": "{0}"},
    "limit_left": {"zh": "{0}剩余额度", "en": "what is left of the limit {0}"},
    "estate": {"zh": "清算财产", "en": "the estate"},
}
_INSTRUMENTS = {
    "loan": ("贷款", "loan"),
    "equity": ("出资", "equity"),
    "conditional_grant": ("附条件拨款", "conditional grant"),
}
_METRICS: dict[str, Words] = {
    "accepted_spend": {"zh": "核定支出", "en": "accepted spend"},
    "revenue": {"zh": "项目收入", "en": "project revenue"},
}
_OPERATIONS: dict[str, tuple[str, str, str, str]] = {
    "min": ("以下各项中较小者：", "；", "the smallest of ", " and "),
    "max": ("以下各项中较大者：", "；", "the largest of ", " and "),
    "sum": ("", "、", "", " plus "),
    "minus": ("", "减", "", " less "),
}


_UNITS = {"CNY": "元", "USD": "美元", "EUR": "欧元", "HKD": "港元", "JPY": "日元"}


def money_words(amount_minor: int, model: Model) -> Words:
    """Return an amount with thousands separators, such as ``9,300,000.00元`` and ``CNY 9,300,000.00``."""
    units, cents = divmod(amount_minor, 100)
    figure = f"{amount_minor:,}" if model.currency == "JPY" else f"{units:,}.{cents:02d}"
    return {"zh": figure + _UNITS[model.currency], "en": f"{model.currency} {figure}"}


def percent_words(value: Fraction) -> str:
    """Return a fraction as a percentage without needless zeros, such as ``3.6%``."""
    hundred = value * 100
    if hundred.denominator == 1:
        return f"{hundred.numerator}%"
    text = f"{hundred.numerator * 10**10 // hundred.denominator:011d}"
    return f"{text[:-10]}.{text[-10:]}".rstrip("0").rstrip(".") + "%"


def object_name(kind: str, name: str, model: Model) -> Words:
    """Return the name of the party, instrument, accrual, claim or limit behind an id."""
    if name in model.parties:
        return model.parties[name].name
    if kind == "preference" and name in model.accruals:
        return model.parties[model.accruals[name].party].name
    if name in model.instruments:
        party = model.parties[model.instruments[name].party].name
        zh, en = _INSTRUMENTS[model.instruments[name].kind]
        return {"zh": party["zh"] + zh, "en": f"the {en} of {party['en']}"}
    if kind == "hurdle" and name in model.hurdles:
        return model.parties[model.hurdles[name].party].name
    if name in model.claims:
        return model.claims[name].name
    if name in model.limits:
        return model.limits[name].name
    return {"zh": name, "en": name}


def balance_words(balance: Balance, model: Model) -> Words:
    """Return a balance in words."""
    names = [object_name(balance.kind, name, model) for name in balance.ids]
    if balance.kind == "preference":
        accrual = model.accruals[balance.ids[0]]
        rate = percent_words(accrual.rate)
        zh, en = ("单利", "simple") if accrual.method == "simple" else ("复利", "compound")
        return {
            "zh": f"{names[0]['zh']}按{rate}{zh}计提的未付收益",
            "en": f"the accrued and unpaid {rate} {en} return of {names[0]['en']}",
        }
    if balance.kind == "hurdle":
        rate = percent_words(model.hurdles[balance.ids[0]].rate)
        return {
            "zh": f"{names[0]['zh']}达到{rate}内部收益率所缺金额",
            "en": f"what {names[0]['en']} lacks to an internal rate of return of {rate}",
        }
    pattern = _BALANCES[balance.kind]
    return {language: pattern[language].format(*(name[language] for name in names)) for language in ("zh", "en")}


def amount_words(amount: Amount | Any, model: Model) -> Words:
    """Return an amount expression in words."""
    if isinstance(amount, Balance):
        return balance_words(amount, model)
    if isinstance(amount, Constant):
        return money_words(amount.amount_minor, model)
    if isinstance(amount, Metric):
        return _METRICS.get(amount.name, {"zh": f"报告指标{amount.name}", "en": f"the reported {amount.name}"})
    if isinstance(amount, Percentage):
        inner, rate = amount_words(amount.of, model), percent_words(Fraction(*amount.rate))
        return {"zh": f"{inner['zh']}的{rate}", "en": f"{rate} of {inner['en']}"}
    if isinstance(amount, Tiered):
        inner, rates = amount_words(amount.amount, model), bands_words(amount.bands, model)
        return {"zh": f"{inner['zh']}{rates['zh']}", "en": f"{rates['en']} {inner['en']}"}
    if isinstance(amount, Combination):
        parts = [amount_words(item, model) for item in amount.items]
        zh, zh_join, en, en_join = _OPERATIONS[amount.operation]
        if amount.operation == "sum":
            return {
                "zh": "、".join(part["zh"] for part in parts) + "之和",
                "en": " plus ".join(part["en"] for part in parts),
            }
        return {
            "zh": zh + zh_join.join(part["zh"] for part in parts),
            "en": en + en_join.join(part["en"] for part in parts),
        }
    if isinstance(amount, Gap):
        name, multiple = model.parties[amount.party].name, _plain(Fraction(*amount.multiple))
        return {
            "zh": f"{name['zh']}收款达到出资{multiple}倍所缺金额",
            "en": f"what {name['en']} lacks to {multiple} times its contribution",
        }
    if isinstance(amount, ShareGap):
        return _share_gap_words(amount, model)
    if isinstance(amount, HurdleGap):
        return _hurdle_gap_words(amount, model)
    return _layer_words(amount, model)


def bands_words(bands: Bands, model: Model) -> Words:
    """Return rates by band in words that follow (zh) or precede (en) the name of the base."""
    rates = [percent_words(Fraction(rate, bands.whole)) for rate in bands.rates]
    if len(rates) == 1:
        return {"zh": f"的{rates[0]}", "en": f"{rates[0]} of"}
    tops = [money_words(top, model) for top in bands.tops if top is not None]
    zh = [f"不超过{top['zh']}的{rate}" for top, rate in zip(tops, rates, strict=False)]
    en = [f"{rate} up to {top['en']}" for top, rate in zip(tops, rates, strict=False)]
    zh.append(f"超过{tops[-1]['zh']}的{rates[-1]}")
    en.append(f"{rates[-1]} above {tops[-1]['en']}")
    if bands.mode == "marginal":
        return {
            "zh": f"分段计算（各段费率只适用于该段金额）：{'，'.join(zh)}",
            "en": f"by bands, each rate on its own part ({', '.join(en)}) of",
        }
    return {
        "zh": f"按所达档次对全部金额计算：{'，'.join(zh)}",
        "en": f"the rate of the band reached ({', '.join(en)}) on the whole of",
    }


def share_of_report(terms: RevenueShare, counted: int, due: int, model: Model) -> tuple[Words, Words]:
    """Return the title and the reason of a report's due amount: what was due before it, the cap, what is credited."""
    before = money_words(counted, model)
    zh, en = f"此前累计应付{before['zh']}", f"{before['en']} was due before"
    if terms.cap_minor is not None:
        cap = money_words(terms.cap_minor, model)
        zh, en = f"{zh}，累计不超过{cap['zh']}", f"{en}, {cap['en']} is the most in all"
    if terms.advance is not None:
        credited = money_words(min(due, max(terms.advance_minor - counted, 0)), model)
        zh, en = (
            f"{zh}，其中{credited['zh']}由预付款抵扣",
            f"{en}, {credited['en']} of it is credited against the advance",
        )
    return {"zh": "本期收入分成", "en": "Share of revenue of the period"}, {"zh": zh, "en": en}


def _hurdle_gap_words(gap: HurdleGap, model: Model) -> Words:
    words = balance_words(balance_named(f"hurdle:{gap.hurdle}"), model)
    if gap.speed[0] == gap.speed[1]:
        return words
    part = percent_words(Fraction(*gap.speed))
    return {
        "zh": f"{words['zh']}（其得本层每笔付款的{part}）",
        "en": f"{words['en']}, with {part} of each payment of this tier going to it",
    }


def _share_gap_words(gap: ShareGap, model: Model) -> Words:
    party, share = model.parties[gap.party].name, percent_words(Fraction(*gap.share))
    scope: Words = {"zh": "各方", "en": "all parties"}
    if set(gap.among) != set(model.parties):
        names = [model.parties[name].name for name in gap.among]
        scope = {key: mark.join(name[key] for name in names) for key, mark in (("zh", "、"), ("en", ", "))}
    zh = f"{party['zh']}累计收益达到{scope['zh']}累计收益合计的{share}所需金额"
    en = f"what it takes until {party['en']} has {share} of all profit distributed to {scope['en']}"
    if gap.speed[0] < gap.speed[1]:
        speed = percent_words(Fraction(*gap.speed))
        zh, en = f"{zh}（追补比例{speed}）", f"{en}, taking {speed} of each payment"
    return {"zh": zh, "en": en}


def _plain(value: Fraction) -> str:
    return percent_words(value / 100)[:-1]


def _layer_words(layer: Layer, model: Model) -> Words:
    loss, share = amount_words(layer.loss, model), percent_words(Fraction(*layer.share))
    below = layer.deductible_minor + layer.attach_minor
    zh, en = loss["zh"], loss["en"]
    if layer.franchise_minor:
        amount = money_words(layer.franchise_minor, model)
        zh = f"{zh}（不超过相对免赔额{amount['zh']}的不赔，超过的从零起算）"
        en = f"{en} (nothing up to the franchise of {amount['en']}, above it from the ground)"
    if below:
        amount = money_words(below, model)
        zh, en = f"{zh}超过{amount['zh']}的部分", f"{en} above {amount['en']}"
    if layer.limit_minor is not None:
        top = money_words(layer.limit_minor, model)
        zh, en = f"{zh}（以{top['zh']}为限）", f"{en} (at most {top['en']})"
    zh, en = f"{zh}的{share}", f"{share} of {en}"
    for milestone, later in layer.steps:
        passed = condition_words(Condition("milestone", milestone), model)
        changed = percent_words(Fraction(*later))
        zh, en = f"{zh}（{passed['zh']}后为{changed}）", f"{en} ({changed} once {passed['en']})"
    if layer.limits:
        limits = [_limit_words(model.limits[name], model) for name in layer.limits]
        zh += "，依次受限于" + "、".join(words["zh"] for words in limits)
        en += ", limited in this order by " + ", ".join(words["en"] for words in limits)
    return {"zh": zh, "en": en}


def _limit_words(limit: Limit, model: Model) -> Words:
    amount = money_words(limit.amount_minor, model)
    zh, en = amount["zh"], amount["en"]
    if limit.shared is not None:
        register = limit.shared.register
        zh += f"，与其他协议共用，按登记簿{register}的受理编号先后使用"
        en += f", shared with other agreements in the order of the acceptance numbers of the register {register}"
    return {"zh": f"{limit.name['zh']}（{zh}）", "en": f"{limit.name['en']} ({en})"}


def condition_words(condition: Condition, model: Model) -> Words:
    """Return a condition in words."""
    if condition.kind == "not":
        inner = condition_words(condition.parts[0], model)
        return {"zh": f"并非（{inner['zh']}）", "en": f"not ({inner['en']})"}
    if condition.kind in ("all", "any"):
        parts = [condition_words(part, model) for part in condition.parts]
        zh, en = ("且", " and ") if condition.kind == "all" else ("或", " or ")
        return {"zh": zh.join(part["zh"] for part in parts), "en": en.join(part["en"] for part in parts)}
    if condition.kind == "on_or_after":
        return {"zh": f"{condition.value.isoformat()}起", "en": f"on or after {condition.value.isoformat()}"}
    if condition.kind == "exit_kind":
        return {
            "trade_sale": {"zh": "股权转让退出", "en": "the exit is a sale"},
            "liquidation": {"zh": "公司清算", "en": "the company is liquidated"},
            "partnership_distribution": {"zh": "合伙企业分配", "en": "the partnership distributes"},
        }[condition.value]
    if condition.kind == "default":
        yes = {"zh": "发生违约", "en": "a default has occurred"}
        return yes if condition.value else {"zh": "未发生违约", "en": "no default has occurred"}
    if condition.kind == "converted":
        name = object_name("grant", condition.value, model)
        return {"zh": f"{name['zh']}已转股", "en": f"{name['en']} has been converted"}
    if condition.kind == "milestone":
        name = model.milestones[condition.value]
        return {
            "zh": f"里程碑{condition.value}（{name['zh']}）通过",
            "en": f"milestone {condition.value} ({name['en']}) has passed",
        }
    return model.flags[condition.value]


def node_name(node: Any, model: Model) -> Words:
    """Return the name a node was given in the terms, or one made from whom it pays."""
    if getattr(node, "name", None):
        return dict(node.name)
    party = getattr(node, "party", None) or getattr(node, "payer", None)
    if party:
        name = model.parties[party].name
        return {"zh": f"支付{name['zh']}", "en": f"payment to {name['en']}"}
    pot = getattr(node, "pot", None)
    if pot:
        return model.pot_names[pot]
    if hasattr(node, "legal_basis"):
        return {"zh": "留存于清算财产", "en": "kept in the estate"}
    if hasattr(node, "legs"):
        return {"zh": "剩余分配", "en": "Split of what is left"}
    if hasattr(node, "condition"):
        words = condition_words(node.condition, model)
        return {"zh": f"如{words['zh']}", "en": f"If {words['en']}"}
    if hasattr(node, "blocks"):
        return {"zh": "依次支付", "en": "Payment in order"}
    return amount_words(node.amount, model)
