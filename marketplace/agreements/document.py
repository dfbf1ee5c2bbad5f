"""The data of the PDF of one version: the same terms that are signed, in words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from marketplace.agreements import queries
from marketplace.agreements.models import Agreement, AgreementVersion
from marketplace.documents.rendering import render_pdf
from marketplace.money import Money

WORDS = {
    "zh": {
        "parties": "当事方", "party_columns": ["角色", "名称", "身份"], "amounts": "出资与贷款",
        "amount_columns": ["当事方", "金额", "大写"], "clauses": "条款", "signatures": "签署",
        "signature_columns": ["当事方", "签署人与签名", "时间"], "unsigned": "本版本尚未签署。", "hashes": "校验",
        "version": "版本", "hash": "条款哈希（SHA-256）", "previous": "前一版本哈希",
    },
    "en": {
        "parties": "Parties", "party_columns": ["Role", "Name", "Capacity"], "amounts": "Capital and loans",
        "amount_columns": ["Party", "Amount", "In Chinese capitals"], "clauses": "Clauses",
        "signatures": "Signatures", "signature_columns": ["Party", "Signatory and signature", "Time"],
        "unsigned": "This version has not been signed.", "hashes": "Verification", "version": "Version",
        "hash": "Hash of the terms (SHA-256)", "previous": "Hash of the version before",
    },
}  # fmt: skip


def make_agreement_pdf(
    session: orm.Session, *, agreement: Agreement, version: AgreementVersion, locale: str, in_words: Any, label: Any
) -> bytes:
    """The PDF of a version; `in_words` writes an amount in Chinese capitals, `label` names roles and capacities."""
    language = "zh" if locale.startswith("zh") else "en"
    data = _collect(session, agreement, version, language, in_words, label)
    return render_pdf("agreement", data, made_at=version.created_at)


def _collect(
    session: orm.Session, agreement: Agreement, version: AgreementVersion, language: str, in_words: Any, label: Any
) -> dict[str, Any]:
    from risk.sharing import describe_terms

    words = WORDS[language]
    terms = queries.load_terms(version)
    names = {party.party: party.name(language) for party in agreement.parties}
    signatures = queries.list_signatures(session, agreement_id=agreement.id, version_id=version.id)
    party_of = {party.id: party.party for party in agreement.parties}
    return {
        "language": language,
        "words": words,
        "title": agreement.title(language),
        "subtitle": f"{agreement.public_id} · {words['version']} {version.number}",
        "footer": f"{agreement.public_id} · {version.terms_hash[:16]}",
        "marking": (terms.get("invented") or {}).get(language, ""),
        "parties": [
            {"role": label("party_role", party.role), "name": names[party.party],
             "capacity": label("capacity", party.capacity)}
            for party in agreement.parties
        ],
        "amounts": [
            {"name": names.get(name, name), "figure": f"{Money(amount, agreement.currency).decimal():,.2f}",
             "words": in_words(amount) if agreement.currency == "CNY" else ""}
            for name, amount in committed_by_party(terms).items()
        ],
        "clauses": describe_terms(terms, language),
        "signatures": [
            {"party": names[party_of[row.party_id]], "name": row.user_name, "signature": row.signature,
             "signed_at": row.signed_at[:19]}
            for row in signatures
        ],
        "hashes": [
            {"name": words["hash"], "value": version.terms_hash},
            {"name": words["previous"], "value": version.previous_hash or "–"},
        ],
    }  # fmt: skip


def committed_by_party(terms: dict[str, Any]) -> dict[str, int]:
    """What each party promises, over its instruments in the terms."""
    totals: dict[str, int] = {}
    for instrument in terms.get("instruments", []):
        party = instrument["party"]
        totals[party] = totals.get(party, 0) + instrument["commitment_minor"]
    return totals
