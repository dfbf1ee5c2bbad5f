"""Use cases of insurance: products, requests, quotes, binding, claims."""

from marketplace.insurance.services.binding import (
    accept_quote,
    acknowledge_disclosure,
    bind_policy,
    disclosure_of,
    expire_insurance,
    start_cover,
)
from marketplace.insurance.services.claims import (
    Adjustment,
    agree_claim,
    assess_claim,
    close_claim,
    notify_claim,
    refuse_claim,
    register_claim,
    settle_part,
)
from marketplace.insurance.services.panels import accept_line, decline_line, list_premium_parts, propose_panel
from marketplace.insurance.services.products import file_product
from marketplace.insurance.services.quoting import (
    StatedTrigger,
    decline_quote,
    offer_quote,
    premiums_by_level,
    price_quote,
    replay_premium,
    revise_quote,
    withdraw_quote,
)
from marketplace.insurance.services.requests import request_quotes, withdraw_request

__all__ = [
    "Adjustment",
    "StatedTrigger",
    "accept_line",
    "accept_quote",
    "acknowledge_disclosure",
    "agree_claim",
    "assess_claim",
    "bind_policy",
    "close_claim",
    "decline_line",
    "decline_quote",
    "disclosure_of",
    "expire_insurance",
    "file_product",
    "list_premium_parts",
    "notify_claim",
    "offer_quote",
    "premiums_by_level",
    "price_quote",
    "propose_panel",
    "refuse_claim",
    "register_claim",
    "replay_premium",
    "request_quotes",
    "revise_quote",
    "settle_part",
    "start_cover",
    "withdraw_quote",
    "withdraw_request",
]
