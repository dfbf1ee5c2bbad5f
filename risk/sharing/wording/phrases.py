"""Phrases for blocks: who gets what, on which legal basis, in which rank."""

from __future__ import annotations

from fractions import Fraction

from risk.sharing.amounts import Balance, Combination
from risk.sharing.blocks import Cap, Facility, IntoPot, Keep, Leg, Node, Seq, Share, To, When
from risk.sharing.model import Model
from risk.sharing.wording.document import Words, amount_words, balance_words, condition_words, percent_words

BASES: dict[str, Words] = {
    "dividend": {"zh": "股利分配", "en": "dividend"},
    "capital_reduction": {"zh": "减资", "en": "capital reduction"},
    "share_sale": {"zh": "股权转让", "en": "share sale"},
    "liquidation_surplus": {"zh": "清算剩余财产分配", "en": "liquidation surplus"},
    "partnership_distribution": {"zh": "合伙企业分配", "en": "partnership distribution"},
    "loan_interest": {"zh": "贷款利息", "en": "loan interest"},
    "loan_principal": {"zh": "贷款本金", "en": "loan principal"},
    "guarantee_recourse": {"zh": "代偿追偿", "en": "recourse after compensation"},
    "licence_fee": {"zh": "许可费", "en": "licence fee"},
    "service_fee": {"zh": "服务费", "en": "service fee"},
    "subsidy": {"zh": "补贴", "en": "subsidy"},
    "conditional_grant": {"zh": "附条件拨款", "en": "conditional grant"},
    "insurance_indemnity": {"zh": "保险赔款", "en": "insurance indemnity"},
    "assignment": {"zh": "赔款权益转让", "en": "assignment of the indemnity"},
    "pool_compensation": {"zh": "风险补偿", "en": "risk compensation"},
    "liquidation_costs": {"zh": "清算费用", "en": "liquidation costs"},
    "retained_by_project": {"zh": "项目留存", "en": "retained by the project"},
    "concession": {"zh": "让利", "en": "concession"},
}
POLICIES: dict[str, Words] = {
    "carried": {"zh": "尾差按累计应得结转", "en": "rounding units follow the entitlement carried forward"},
    "plain_largest_remainder": {"zh": "尾差按最大余数分配", "en": "rounding units go by the largest remainder"},
    "in_order": {"zh": "尾差按列示顺序分配", "en": "rounding units go in the order stated"},
    "in_reverse_order": {"zh": "尾差按列示逆序分配", "en": "rounding units go in the reverse order"},
    "to": {"zh": "尾差归指定一方", "en": "rounding units go to one named leg"},
}


def tier_sentence(node: Node, model: Model) -> Words:
    """Return a full sentence for a tier."""
    phrase = block_phrase(node, model)
    return {"zh": f"{phrase['zh']}。", "en": f"{phrase['en'][:1].upper()}{phrase['en'][1:]}."}


def block_phrase(node: Node, model: Model) -> Words:
    """Return a block in words."""
    if isinstance(node, To):
        return _to(node, model)
    if isinstance(node, Keep):
        return {"zh": "留存于清算财产，待退出或清算时分配", "en": "kept in the estate until the exit or liquidation"}
    if isinstance(node, IntoPot):
        name = model.pot_names[node.pot]
        return {"zh": f"计入“{name['zh']}”", "en": f"counted into “{name['en']}”"}
    if isinstance(node, Seq):
        parts = [block_phrase(block, model) for block in node.blocks]
        return {
            "zh": "先" + "，再".join(part["zh"] for part in parts),
            "en": "first " + ", then ".join(part["en"] for part in parts),
        }
    if isinstance(node, Cap):
        return _cap(node, model)
    if isinstance(node, Share):
        return _share(node, model)
    if isinstance(node, When):
        return _when(node, model)
    return _facility(node, model)


def _cap(node: Cap, model: Model) -> Words:
    paid = _paid_in_full(node, model)
    if paid is not None:
        return paid
    amount, inner = amount_words(node.amount, model), block_phrase(node.then, model)
    return {"zh": f"以{amount['zh']}为限，{inner['zh']}", "en": f"up to {amount['en']}, {inner['en']}"}


def _paid_in_full(node: Cap, model: Model) -> Words | None:
    """Return the short form of a tier that pays exactly the balances it is capped by, or None."""
    if isinstance(node.amount, Balance) and isinstance(node.then, (To, IntoPot)):
        owed, ground = balance_words(node.amount, model), _ground(node.then, model)
        return {"zh": f"支付{owed['zh']}（{ground['zh']}）", "en": f"payment of {owed['en']} ({ground['en']})"}
    if not isinstance(node.then, Share) or not isinstance(node.amount, Combination) or node.amount.operation != "sum":
        return None
    weights = [balance for leg in node.then.legs for balance in leg.balances]
    if [item for item in node.amount.items if isinstance(item, Balance)] != weights:
        return None
    parts = []
    for leg in node.then.legs:
        weighed = [balance_words(balance, model) for balance in leg.balances]
        ground = _ground(leg.then, model)
        parts.append(
            {
                "zh": "和".join(words["zh"] for words in weighed) + f"（{ground['zh']}）",
                "en": " and ".join(words["en"] for words in weighed) + f" ({ground['en']})",
            }
        )
    if len(parts) == 1:
        return {"zh": f"支付{parts[0]['zh']}", "en": f"payment of {parts[0]['en']}"}
    return {
        "zh": "支付下列各项，不足以全额支付的按比例支付：" + "；".join(part["zh"] for part in parts),
        "en": "the following are paid, pro rata where the money does not suffice: "
        + "; ".join(part["en"] for part in parts),
    }


def _ground(node: Node, model: Model) -> Words:
    """Return legal basis and rank of a leaf, or of every step of a short sequence."""
    if isinstance(node, To):
        zh, en = (
            f"{BASES[node.legal_basis]['zh']}，第{node.rank}顺位",
            f"{BASES[node.legal_basis]['en']}, rank {node.rank}",
        )
        if node.contract:
            zh, en = f"{zh}，合同{node.contract}", f"{en}, contract {node.contract}"
        if node.resolution:
            zh, en = f"{zh}，须经决议", f"{en}, by resolution"
        if node.conceded_by and node.cap_share_of_gain is not None:
            giver, cap = model.parties[node.conceded_by].name, percent_words(node.cap_share_of_gain)
            zh += f"，由{giver['zh']}从自身已实现收益中让与"
            en += f", conceded by {giver['en']} out of its own realised gains"
            if node.cap_share_of_gain < 1:
                zh, en = f"{zh}，不超过其{cap}", f"{en}, at most {cap} of them"
        return {"zh": zh, "en": en}
    if isinstance(node, Seq):
        steps: list[Words] = []
        for block in node.blocks:
            ground = _ground(block.then if isinstance(block, Cap) else block, model)
            if ground not in steps:
                steps.append(ground)
        zh = "先" + "，再".join(step["zh"] for step in steps) if len(steps) > 1 else steps[0]["zh"]
        return {"zh": zh, "en": ", then ".join(step["en"] for step in steps)}
    return block_phrase(node, model)


def _to(node: To, model: Model) -> Words:
    party, ground = model.parties[node.party].name, _ground(node, model)
    return {"zh": f"支付{party['zh']}（{ground['zh']}）", "en": f"paid to {party['en']} ({ground['en']})"}


def _share(node: Share, model: Model) -> Words:
    total = sum(leg.weight or 0 for leg in node.legs)
    parts = [_leg(leg, total, model) for leg in node.legs]
    zh = "按比例分配：" + "；".join(part["zh"] for part in parts)
    en = "shared: " + "; ".join(part["en"] for part in parts)
    if node.policy != "carried":
        policy = POLICIES[node.policy]
        zh, en = f"{zh}（{policy['zh']}）", f"{en} ({policy['en']})"
    return {"zh": zh, "en": en}


def _leg(leg: Leg, total: int, model: Model) -> Words:
    inner = block_phrase(leg.then, model)
    if leg.weight is not None:
        share = Fraction(leg.weight, total)
        # A share such as 2/11 has no short decimal form, so the fraction itself is shown.
        exact = (share * 10_000).denominator == 1
        shown = percent_words(share) if exact else f"{share.numerator}/{share.denominator}"
        if isinstance(leg.then, Share):
            return {"zh": f"{shown}（其中{inner['zh']}）", "en": f"{shown} (of it {inner['en']})"}
        if isinstance(leg.then, (Seq, When)):
            return {"zh": f"{shown}（{inner['zh']}）", "en": f"{shown} ({inner['en']})"}
        return {"zh": f"{shown}{inner['zh']}", "en": f"{shown} {inner['en']}"}
    weights = [balance_words(balance, model) for balance in leg.balances]
    return {
        "zh": f"按{'、'.join(weight['zh'] for weight in weights)}的比重{inner['zh']}",
        "en": f"in proportion to {' plus '.join(weight['en'] for weight in weights)}, {inner['en']}",
    }


def _when(node: When, model: Model) -> Words:
    condition, inner = condition_words(node.condition, model), block_phrase(node.then, model)
    zh, en = f"如{condition['zh']}，则{inner['zh']}", f"if {condition['en']}, {inner['en']}"
    if node.otherwise is not None:
        other = block_phrase(node.otherwise, model)
        zh, en = f"{zh}；否则{other['zh']}", f"{en}; otherwise {other['en']}"
    approval = model.approvals.get(node.approval or "")
    if approval is not None:
        zh, en = f"{zh}（批准文号{approval['number']}）", f"{en} (approval {approval['number']})"
    return {"zh": zh, "en": en}


def _facility(node: Facility, model: Model) -> Words:
    payer, layer, inner = (
        model.parties[node.payer].name,
        amount_words(node.layer, model),
        block_phrase(node.then, model),
    )
    return {
        "zh": f"{payer['zh']}支付{layer['zh']}，{inner['zh']}",
        "en": f"{payer['en']} pays {layer['en']}: {inner['en']}",
    }
