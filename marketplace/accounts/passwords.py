"""The password policies: `asvs` (length and guessability, nothing else) and `mlps3` (composition and age besides)."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from marketplace.accounts.errors import WeakPasswordError

SHORTEST, LONGEST = 8, 1024
TOO_LONG_TO_LIST = 32
AGE_LIMIT = timedelta(days=90)
SITE_WORDS = ("pilotage", "yinhang", "引航", "zhongshi", "中试")
# Words that lead the published lists of leaked passwords, with the pinyin and keyboard walks common in China.
_LISTED = """
    password passwort passw0rd passcode pass welcome letmein login admin administrator root master guest user
    test testing tester demo default changeme secret private access system server manager oracle qwerty qwertyuiop
    qwertyui asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsxedc qweasd qweasdzxc asdfasdf asdf zxcv qwer qwert
    abc abcd abcde abcdef abcdefg abcdefgh abcabc aaaaaa iloveyou loveyou love lovely sunshine princess dragon monkey
    football baseball basketball soccer hockey superman batman spiderman pokemon starwars trustno shadow michael
    jennifer jordan jessica charlie daniel thomas andrew joshua matthew robert ashley nicole hunter harley ranger
    killer freedom whatever computer internet google facebook youtube samsung iphone apple microsoft windows
    summer winter spring autumn monday tuesday wednesday thursday friday saturday sunday january february march april
    june july august september october november december flower cookie banana orange cheese chocolate ginger pepper
    hello helloworld hellohello goodluck blessed jesus angel heaven money dollar million business company office
    woaini woaini1314 wodemima mima zhongguo china beijing shanghai shenzhen guangzhou hangzhou nihao xiaoming
    zhangwei wangwei liwei aini wangyi taobao alibaba tencent weixin wechat huawei xiaomi baidu jingdong
    bank finance investor investment insurance government secure security letmeinnow mypassword yourpassword
    newpassword oldpassword password1234 opensesame thunder tiger lion eagle phoenix mustang ferrari porsche mercedes
    silver golden diamond crystal matrix hacker nothing something anything everything forever family mother father
"""
COMMON_WORDS = frozenset(_LISTED.split())
_SEQUENCES = (
    string.digits * 2, string.digits[::-1] * 2, string.ascii_lowercase, string.ascii_lowercase[::-1],
    "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "qazwsxedcrfvtgbyhnujmik", "1q2w3e4r5t6y7u8i9o0p",
)  # fmt: skip
_LEET = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_EDGES = re.compile(r"^[\d\W_]+|[\d\W_]+$")


def normalise_password(password: str) -> str:
    """Canonical composition only (NFC), so that one text typed on two systems is one password; nothing is trimmed."""
    return unicodedata.normalize("NFC", password)


def is_guessable(password: str, *, own_words: Sequence[str] = ()) -> bool:
    """Whether it is a repetition, a keyboard walk, a common word with trimmings, or names the site or the person."""
    lowered = password.casefold()
    if len(lowered) < TOO_LONG_TO_LIST and _is_pattern(lowered):
        return True
    cores = {lowered, _EDGES.sub("", lowered), lowered.translate(_LEET), _EDGES.sub("", lowered).translate(_LEET)}
    cores |= {core.rstrip(string.digits) for core in cores}
    if any(core in COMMON_WORDS for core in cores if core):
        return True
    named = [word.casefold() for word in (*SITE_WORDS, *own_words) if len(word) >= 2]
    return any(len(core.replace(word, "")) < 4 for core in cores for word in named if word in core)


def _is_pattern(lowered: str) -> bool:
    """A walk along keyboard or alphabet, or a short piece said over and over."""
    if len(set(lowered)) <= 2 or any(lowered in sequence for sequence in _SEQUENCES):
        return True
    return any(
        lowered == (lowered[:size] * len(lowered))[: len(lowered)] for size in range(1, min(4, len(lowered) // 2) + 1)
    )


def check_password(password: str, *, policy: str, own_words: Sequence[str] = (), field: str = "password") -> str:
    """The password as it will be hashed; raises WeakPasswordError naming what is wrong with it."""
    chosen = normalise_password(password)
    if len(chosen) < SHORTEST:
        raise WeakPasswordError("A password has at least 8 characters.", field=field)
    if len(chosen) > LONGEST:
        raise WeakPasswordError("A password has at most 1,024 characters.", field=field)
    if is_guessable(chosen, own_words=own_words):
        raise WeakPasswordError(
            "This password is on the lists that attackers try first, or names you or this site; choose another one.",
            field=field,
        )
    if policy == "mlps3" and _count_classes(chosen) < 3:
        raise WeakPasswordError(
            "The policy of this installation asks for three of: capitals, small letters, figures, other characters.",
            field=field,
        )
    return chosen


def _count_classes(password: str) -> int:
    groups = (str.isupper, str.islower, str.isdigit, lambda character: not character.isalnum())
    return sum(any(belongs(character) for character in password) for belongs in groups)


def is_too_old(changed_at: datetime | None, *, policy: str, now: datetime) -> bool:
    """Only `mlps3` asks for a change of password with time; ASVS forbids it."""
    return policy == "mlps3" and changed_at is not None and now - changed_at > AGE_LIMIT
