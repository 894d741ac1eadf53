"""Classify a number by its context: article, date, price or phone.

Works on texts whose digits and signs are ASCII (`personal_data.plain_digits`).
"""

# ruff: noqa: RUF001 (words and signs of many scripts)

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle

Span = tuple[int, int]

_PHONE_WORDS = (
    r"(?:tele)?phones?|tele?ph?|tel(?:efon[a-z]*)?|telf|mobiles?|mob|cell(?:phone|ular)?|landline|call(?:ed)?|calling"
    r"|ring|dial|text(?:ed)?|txt|sms|fax|hotline|contact|whats ?app|wats ?app|wa\.me/|telegram|viber"
    r"|(?:my|phone|mobile|contact|his|her|our|their) (?:number|no|nr|num)"
    r"|telefon(?:nummer)?|handy(?:nummer)?|mobil(?:nummer)?|rufnummer|ruf(?:e|en)?|anruf(?:en)?"
    r"|téléphone[rz]?|téls?|portable|appele[rz]|joindre|numéro"
    r"|teléfono|móvil|celular|llam(?:ar|e|a|en|ame|eme)|llám[ae](?:me|nos|lo)"
    r"|telefono|cellulare|chiam(?:a|are|ate|ami)|telefone|telemóvel|ligar?|ligue|zap|telefoon(?:nummer)?|bel"
    r"|puhelin|telefonszám|telefonu|cep|numaram|telp|zalo|sđt|điện thoại"
    r"|телефон[а-я]*|тел|моб|звони[а-я]*|позвони[а-я]*|номер|дзвон[а-яії]*"
    r"|τηλ(?:έφωνο)?|טלפון|נייד|هاتف|جوال|موبايل|تليفون|تلفن|موبایل|همراه|شماره|واتساب|فون|फोन|मोबाइल|नंबर|โทร"
)
_PHONE_WORDS_CJK = (
    "电话|電話|手机|手機|联系方式|联系我|联系|聯絡|拨打|撥打|致电|致電|传真|傳真|打给|短信|微信|威信|薇信|[vw]信|热线|熱線|客服|座机|我的号码|我的號碼"
    "|携帯|ケータイ|전화|휴대폰|핸드폰|연락처|문자"
)
"""Words of scripts without spaces, which may directly follow another word."""

_PHONE_LABEL = re.compile(
    rf"(?:(?<![^\W\d_])(?:{_PHONE_WORDS})|(?<![a-z])(?:vx|wx|wechat)"
    rf"|(?:{_PHONE_WORDS_CJK}))"
    r"(?:[\s:：=#.,()-]|\b(?:no|nr|num|number|numbers|numero|número|numéro|nº|n°|me|us|him|her|at|on|to|is|ist|est|es|é|"
    r"am|an|unter|al|au|в|на|по)\b|号码|號碼|番号|번호|号|號|是|为|為|到|给|は|는|은|로){0,8}$",
    re.IGNORECASE,
)
_LABEL_REACH = 48

_STRONG = (
    r"isbns?(?:[ -]?1[03])?|issn|ismn|eans?(?:[ -]?(?:8|13))?|upcs?(?:[ -]?[ae])?|gtins?(?:[ -]?(?:8|12|13|14))?"
    r"|(?-i:JAN)|skus?|asins?|fnsku|mpns?|imei|s/n|p/n|m/n|serial|barcode|bar ?code|code[- ]barres|tracking"
    r"|(?:artikel|bestell|auftrags|rechnungs|teile|serien|sendungs|modell|kunden)(?:nummer|[ -]?nr)"
    r"|artikelnr|bestelnummer|артикул|штрихкод"
)
_STRONG_CJK = (
    "型号|型號|货号|貨號|订单号|订单编号|訂單號|訂單編號|单号|單號|编号|編號|条码|條碼|条形码|條形碼|商品号|款号|批号|序列号"
    "|书号|書號|注文番号|品番|型番|商品番号|製造番号|주문번호|모델명|품번|상품번호|상품코드|운송장"
)
"""Words of scripts without spaces, which may directly follow another word."""

_WEAK = (
    r"items?|art|artikel|articles?|articolo|artículo|artigo|parts?|models?|modelo|modell|modèle|modello|модель|orders?"
    r"|bestell|bestelling|auftrag|commande|pedido|ordine|encomenda|заказа?|invoice|rechnung|facture|factura|fattura"
    r"|refs?|reference|référence|réf|referencia|cat|catalog(?:ue)?|products?|produkt|prod|batch|lot|codes?|código|codice"
    r"|код|id|sn|pn|ticket|case|арт"
)
_NUMBER_WORD = (
    r"(?:no|nos|nr|nrn|num|number|numbers|nummer|numero|numéro|número|n°|nº|№|#|id|code|号码|号|號|码|碼|番号|번호)"
)
_LINK = r"(?:is|was|are|ist|war|est|es|è|é|是|为|為|的|は|는|은)"
_VALUE = r"[0-9A-Z]*[0-9](?:[0-9A-Z./-]*[0-9A-Z])?"
_IDENTIFIED = re.compile(
    rf"(?:(?<![^\W_])(?:(?P<strong>{_STRONG})|(?:{_WEAK}))(?![a-zà-ÿ])|(?P<glued>{_STRONG_CJK}))"
    rf"(?P<link>(?:[\s.:：,;=()-]|{_NUMBER_WORD}(?![a-z])|{_LINK}(?![a-z])){{0,8}})"
    rf"(?P<value>{_VALUE}(?: [0-9]{{1,7}}(?![0-9A-Za-z]))*)(?P<more>(?:(?:,? (?:and|or|und|y|et|e|o)|[,;/、和&])\s?"
    r"[0-9]{6,18}(?![0-9A-Za-z]))*)",
    re.IGNORECASE,
)
_HAS_NUMBER_WORD = re.compile(rf"{_NUMBER_WORD}|[:：=]|\b{_LINK}\b", re.IGNORECASE)

_OTHERS = re.compile(
    # Dates with or without a time, times, addresses of machines and pages.
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}([./-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([./-])[0-9]{1,2}\2(?:19|20)[0-9]{2})"
    r"(?:,?[ T][0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2})?)?)?(?![0-9])"
    r"|(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"
    r"|https?://(?!(?:wa\.me|api\.whatsapp\.com)/)[\x21-\x7e]+|www\.[\x21-\x7e]+"
    # Thousands, with decimals.
    r"|(?<![0-9.,])[0-9]{1,3}(?:(?:\.[0-9]{3})+(?:,[0-9]+)?|(?:,[0-9]{3})+(?:\.[0-9]+)?)(?![.,]?[0-9])"
    # Money and measures.
    r"|(?:[$€£¥₹₩₽]|\b(?:usd|eur|gbp|cny|rmb|inr|jpy|rs|r\$|kr)\b\.?) ?[0-9][0-9 .,]*[0-9]"
    r"|(?<![0-9])[0-9]{1,15}(?:[.,][0-9]{1,9})?(?: ?[€$£¥₹₩₽%]| ?(?:usd|eur|euros?|dollars?|gbp|rmb|inr|mm|cm|km|kg|mg"
    r"|ml|mah|rpm|gb|tb|hz|khz|mhz)\b| ?[元円원块])",
    re.IGNORECASE,
)
_ISBN = re.compile(r"(?<![0-9-])(?:97[89][ -])?[0-9]{1,5}[ -][0-9]{1,7}[ -][0-9]{1,7}[ -][0-9Xx](?![0-9A-Za-z])")
_SPACED_GTIN = re.compile(r"(?<![0-9-])[0-9] [0-9]{5,6} [0-9]{5,6}(?: [0-9])?(?![0-9A-Za-z])")
_PLAIN = re.compile(r"(?<![0-9A-Za-z])[0-9]{9,14}[Xx]?(?![0-9A-Za-z])")
_CHINESE_MOBILE = re.compile("861[3-9][0-9]{9}")


def is_behind_phone_word(text: str, begin: int) -> bool:
    """Check if a word such as "tel." or "call me at" comes before the number that begins here."""
    return bool(_PHONE_LABEL.search(text[max(0, begin - _LABEL_REACH) : begin].rstrip("+(")))


def identifiers(text: str) -> Iterator[Span]:
    """Spans of numbers of articles, orders and the like, after a word that says so."""
    for found in _IDENTIFIED.finditer(text):
        begin, end = found.span("value")
        if not (found["strong"] or found["glued"]) and not _HAS_NUMBER_WORD.search(found["link"]):
            # "Order 0301234567" is an order's number; "For orders 030 1234567" is ambiguous.
            first = found["value"].split(" ")[0]
            begin, end = (begin, begin + len(first)) if len(first) > 4 else (begin, begin)
        yield begin, end
        length = len(re.sub("[^0-9]", "", found["value"]))
        for other in re.finditer("[0-9]+", found["more"]):
            if len(other[0]) == length:
                yield found.start("more") + other.start(), found.start("more") + other.end()


def checked_numbers(text: str) -> Iterator[Span]:
    """Spans of numbers of books and goods with a valid check digit (ISBN, GTIN, EAN, UPC)."""
    for pattern in (_PLAIN, _ISBN, _SPACED_GTIN):
        for found in pattern.finditer(text):
            if is_article_number(re.sub("[ -]", "", found[0])):
                yield found.span()


def other_numbers(text: str) -> Iterator[Span]:
    """Spans of dates, times, prices, measures, thousands, IP addresses and URLs."""
    return (found.span() for found in _OTHERS.finditer(text))


def is_article_number(number: str) -> bool:
    """Check if this is an ISBN-10, or a GTIN of 12 to 14 digits (ISBN-13, EAN, UPC), by its check digit."""
    digits, last = number[:-1], number[-1].upper()
    if not digits.isdecimal() or _CHINESE_MOBILE.fullmatch(number):
        return False
    if len(number) == 10:
        total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True))
        return (total + (10 if last == "X" else int(last))) % 11 == 0
    if len(number) not in (12, 13, 14) or last == "X":
        return False
    total = sum(int(digit) * weight for digit, weight in zip(reversed(number), cycle((1, 3)), strict=False))
    return total % 10 == 0


def overlaps(begin: int, end: int, spans: list[Span]) -> bool:
    """Check if any of the spans overlaps this one."""
    return any(begin < other_end and other_begin < end for other_begin, other_end in spans)
