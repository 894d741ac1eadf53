"""Personal data as Chinese texts write them: identity cards, accounts of messengers, addresses and recipients.

Works on texts whose digits and signs are ASCII (`personal_data.plain_digits`). A number without a check digit, an
account and a name count only after a word that says so; a street and its number only with a town, a district or a room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from socialrec.privacy.masking.number_contexts import Span, identifiers, overlaps

_LINK = "(?:[\\s:：=,，]|号码|号|是|为|就是|id|ID)"
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州"
    "|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)

_IDENTITY = re.compile("(?<![0-9A-Za-z])[1-9][0-9]{5}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z])")
_DIGITS = re.compile("[0-9]{6}")
_NAMED_IDENTITY = re.compile(
    f"(?:身份证|身份證|证件)(?:号码|号|號)?{_LINK}{{0,4}}([1-9][0-9]{{16}}[0-9Xx]|[1-9][0-9]{{14}})(?![0-9A-Za-z])"
)
_REGION = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_NAMED_CARD = re.compile(
    f"(?:银行卡|储蓄卡|信用卡|卡号|銀行卡|卡號)(?:号码|号|號)?{_LINK}{{0,4}}"
    "([0-9]{4}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,4}(?:[ -]?[0-9]{1,3})?)(?![0-9])"
)

_WECHAT = re.compile(
    f"(?:微信|威信|薇信|[vV]信|(?<![A-Za-z])(?:[vVwW][xX]|[vV](?=[:：号])))(?P<link>{_LINK}{{0,4}})"
    "(?P<id>[A-Za-z](?:[A-Za-z0-9_-]{5,19}))(?![A-Za-z0-9_-])"
)
_LATIN_ACCOUNT = re.compile("[vVwW][xX]|[vV]:|[qQ]{2}")
_SAYS_SO = re.compile("[:：=]|号|是|为|id|ID")
_QQ = re.compile(
    f"(?:(?<![A-Za-z])[qQ]{{2}}|扣扣|企鹅)(?:群|{_LINK}){{0,5}}([1-9][0-9]{{4,10}})(?![0-9.%A-Za-z元块个])"
)

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤"
    "花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛禹狄米贝"
    "明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯"
    "昝管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀甄曲家封储靳汲焦牧隗山谷车侯全班仰秋仲"
    "伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶黎薄印白怀丛索赖卓屠蒙池乔翟谭劳申冉桑桂牛边燕冀尚温庄柴瞿阎连习艾"
    "鱼容向古易廖耿满匡国文欧沃关查曾游阳楚晏涂肖代"
)
_NAME = re.compile(
    "(?:收件人|收货人|联系人|收件姓名|收货姓名|姓名|收貨人|聯繫人|聯絡人)(?:是|为)?[\\s:：]{1,3}"
    f"((?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|[{_SURNAMES}])[\u4e00-\u9fff]{{1,2}}?(?:先生|女士|小姐)?)"
    "(?=[^\u4e00-\u9fff]|电话|手机|联系|收|地址|$)"
)

_IN_NAME = "(?![的了在到是住寄送发给我你他她您于从去来有和及这那个很请把])[一-鿿]"
_NUMBER = re.compile(
    "[0-9一二三四五六七八九十百]{1,6}(?:-[0-9]{1,4})?(?:号院?|弄|[号#]?[栋幢座楼])"
    "(?:[ ,，]?[0-9A-Za-z一二三四五六七八九十]{1,5}(?:-[0-9]{1,5})?(?:号楼|单元|[栋幢座楼层室房户号])){0,4}"
    "(?:[ ,，]?[0-9]{3,5}(?![0-9元块个年天次]))?"
)
_ROOM = re.compile("[0-9]{1,5}[室房户]|单元|[栋幢座楼] ?[0-9]{3,5}$")
_BEFORE = re.compile(
    f"(?P<area>(?:(?:{_PROVINCES})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?)?[ ]?"
    f"(?:(?:{_IN_NAME}){{2,6}}?(?:市|自治州|地区|盟))?[ ]?(?:(?:{_IN_NAME}){{1,6}}?(?:区|县|旗))?[ ]?"
    f"(?:(?:{_IN_NAME}){{1,6}}?(?:镇|乡|街道))?)[ ]?"
    f"(?P<street>(?:{_IN_NAME}){{1,10}}(?:路|街|道|巷|弄|胡同|里|村|庄|屯|小区|社区|家园|花园|园|苑|院|城|广场|大厦|公寓"
    "|府|湾|交叉口|路口)[东西南北中]?段?)?[ ]?$"
)
_REACH = 40


def identity_spans(text: str) -> Iterator[Span]:
    """Spans of numbers of identity cards: 18 digits of a region and a date with a valid check digit, or 18 or 15 after
    a word that says so.
    """
    if not _DIGITS.search(text):
        return
    named = [found.span(1) for found in _NAMED_IDENTITY.finditer(text)]
    others = list(identifiers(text)) if _IDENTITY.search(text) else []
    for begin, end in _merged([*named, *(found.span() for found in _IDENTITY.finditer(text))]):
        if (begin, end) in named or (is_identity_number(text[begin:end]) and not overlaps(begin, end, others)):
            yield begin, end


def is_identity_number(written: str) -> bool:
    """Check region, date of birth and check digit (GB 11643, ISO 7064 MOD 11-2) of 18 digits; the last may be X."""
    number = re.sub("[ -]", "", written).upper()
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return bool(_REGION.match(number)) and number[-1] == _CHECKS[total % 11]


def named_card_spans(text: str) -> Iterator[Span]:
    """Spans of numbers of bank cards after a word that says so, of 13 to 19 digits, whatever their check digit."""
    return (found.span(1) for found in (() if text.isascii() else _NAMED_CARD.finditer(text)))


def account_spans(text: str) -> Iterator[Span]:
    """Spans of names of accounts at WeChat and QQ, after their names."""
    if text.isascii() and not _LATIN_ACCOUNT.search(text):
        return iter(())
    found = [match.span("id") for match in _WECHAT.finditer(text) if _is_account(match)]
    return iter(_merged([*found, *(match.span(1) for match in _QQ.finditer(text))]))


def _is_account(match: re.Match[str]) -> bool:
    """Check if the word after `微信` is a name of an account: a sign says so, or it holds a digit."""
    return bool(_SAYS_SO.search(match["link"])) or (not match[0][0].isascii() and not match["id"].isalpha())


def name_spans(text: str) -> Iterator[Span]:
    """Spans of Chinese names of recipients, after a word such as `收件人:`."""
    return (found.span(1) for found in (() if text.isascii() else _NAME.finditer(text)))


def address_spans(text: str) -> Iterator[Span]:
    """Spans of Chinese addresses: a town or district, or a street, before the number of a house; the room after it."""
    last = 0
    for found in _NUMBER.finditer(text):
        head = text[max(last, found.start() - _REACH) : found.start()]
        before = _BEFORE.search(head)
        named = [bool(before[part].strip()) for part in ("area", "street") if before[part]] if before else []
        if before and (len(named) == 2 or (named and _ROOM.search(found[0]))):
            last = found.end()
            yield found.start() - len(before[0]), last


def _merged(spans: list[Span]) -> list[Span]:
    """Spans from left to right, of several that overlap the first."""
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept
