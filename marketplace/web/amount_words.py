"""Renminbi amounts in formal Chinese numerals, as contracts and receipts write them beside the figures.

Source: People's Bank of China, 支付结算办法 (银发〔1997〕393号), annex 1, on filling in bills and vouchers.
"""

from __future__ import annotations

from marketplace.money import Money

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")


def amount_in_words(amount_minor: int) -> str:
    """`140950` fen gives 人民币壹仟肆佰零玖元伍角; a whole amount ends in 整."""
    Money(amount_minor, "CNY")  # refuses what is no amount
    sign = "负" if amount_minor < 0 else ""
    yuan, fen = divmod(abs(amount_minor), 100)
    words = f"{_whole(yuan)}元" if yuan else ""
    tenth, hundredth = divmod(fen, 10)
    if not fen:
        return f"人民币{sign}{words or '零元'}整"
    if tenth:
        # The rule lets 零 stand before 角 when the yuan end in nought; it is written, so that nothing fits between.
        gap = "零" if yuan and yuan % 10 == 0 else ""
        words += f"{gap}{DIGITS[tenth]}角"
    elif yuan:
        words += "零"
    if hundredth:
        words += f"{DIGITS[hundredth]}分"
    return f"人民币{sign}{words}"


def _whole(value: int) -> str:
    """A positive whole number; noughts between figures are read once."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            high, low = divmod(value, size)
            gap = "零" if low and low < size // 10 else ""
            return _whole(high) + name + (gap + _whole(low) if low else "")
    return _group(value)


def _group(group: int) -> str:
    """One to four digits."""
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + DIGITS[digit] + PLACES[place]
        gap = False
    return text
