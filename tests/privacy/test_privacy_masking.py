"""Personal data in free text: what is masked, and what only looks like it."""

from __future__ import annotations

import time

import phonenumbers
import pytest

from socialrec.contracts.countries import COUNTRIES, PHONE_COUNTRIES
from socialrec.contracts.vocabulary import PersonalData
from socialrec.privacy.masking.number_contexts import is_article_number
from socialrec.privacy.masking.personal_data import mask_text
from socialrec.privacy.masking.western_data import passes_luhn
from socialrec.settings.etl import MaskSettings

ALL = MaskSettings()
PERSONAL = {
    "Write to ann.lee+shop@mail.example.co.uk.": "Write to [mail].",
    "mailto:jörg@müller.de, please": "mailto:[mail], please",
    "a@b.com c@d.org": "[mail] [mail]",
    "My card 4111 1111 1111 1111 was charged": "My card [card] was charged",
    "5555555555554444 and 3782-822463-10005": "[card] and [card]",
    "Call +49 (0)30 123456-78 now": "Call [phone] now",
    "0044 20 7946 0958": "[phone]",
    "Tel. 030 1234567 or 0171/1234567": "Tel. [phone] or [phone]",
    "020 7946 0958; 01 23 45 67 89": "[phone]; [phone]",
    "(555) 123-4567, 555-123-4567, 1-555-123-4567": "[phone], [phone], [phone]",
    "01701234567": "[phone]",
    "I live at 12b Abbey Road, London NW8 9AY": "I live at [address]",
    "Send it to 1600 Pennsylvania Avenue, Apt 4, Washington DC 20500.": "Send it to [address].",
    "wohnt Hauptstraße 12a, 10115 Berlin": "wohnt [address]",
    "in der Karl-Marx-Str. 5 links": "in der [address] links",
    "Feldweg 3, 80331 München": "[address]",
    "au 12 rue de Rivoli, 75001 Paris": "au [address]",
    "P.O. Box 123": "[address]",
    "Ann, ann@x.de, 030 1234567, Hauptstraße 12": "Ann, [mail], [phone], [address]",
}
MOBILES = {
    "China, bare": ("请打15912345678谢谢", "请打[phone]谢谢"),
    "China, in groups": ("159 1234 5678, 159-1234-5678, 1591234 5678", "[phone], [phone], [phone]"),
    "China, full-width": ("打１５９１２３４５６７８吧", "打[phone]吧"),
    "China, with its code": ("+86 159 1234 5678 / 0086-15912345678 / 8615912345678", "[phone] / [phone] / [phone]"),
    "China, listed": ("15912345678,15812345678/15712345678", "[phone],[phone]/[phone]"),
    "China, its code in brackets": ("(+86)15912345678", "[phone]"),
    "India": ("98123 45678 or 9812345678", "[phone] or [phone]"),
    "Spain, Poland, Portugal": ("622 345 678, 622 34 56 78, 601 234 567", "[phone], [phone], [phone]"),
    "Italy": ("347 1234567, 3471234567", "[phone], [phone]"),
    "Brazil": ("(11) 91234-5678, 11 91234-5678", "[phone], [phone]"),
    "Mexico": ("55 1234 5678", "[phone]"),
    "Russia": ("8 (912) 345-67-89, 89123456789, +7 912 345-67-89", "[phone], [phone], [phone]"),
    "France": ("06.12.34.56.78 06-12-34-56-78 06 12 34 56 78", "[phone] [phone] [phone]"),
    "Britain, Australia": ("07911 123456, 07911123456, 0412 345 678", "[phone], [phone], [phone]"),
    "Japan, Korea": ("090-1234-5678 010-1234-5678", "[phone] [phone]"),
    "Iran, in its digits": ("۰۹۱۲۳۴۵۶۷۸۹", "[phone]"),
    "Egypt, in its digits": ("٠١٠١٢٣٤٥٦٧٨", "[phone]"),
    "United States": ("415.555.2671, 415 555 2671", "[phone], [phone]"),
}
CALLED = {
    "call me at 9876543210": "call me at [phone]",
    "My number is 4155552671, text 4155552672": "My number is [phone], text [phone]",
    "Tel. 1234567; phone: 555-1234": "Tel. [phone]; phone: [phone]",
    "whatsapp 0306406152": "whatsapp [phone]",
    "电话：159-1234-5678，微信15912345678": "电话：[phone]，微信[phone]",
    "tel:+4930123456 and wa.me/8615912345678": "tel:[phone] and wa.me/[phone]",
    "звоните 8 912 345 67 89": "звоните [phone]",
    "call 020 7946 0958 24 hours a day": "call [phone] 24 hours a day",
}
IDENTIFIERS = (
    "ISBN 0306406152, ISBN-10: 0-306-40615-2, ISBN 978 0 306 40615 7, ISBNs 0123456780 and 0123456781",
    "bare 0306406152, 9780306406157, 4006381333931, 036000291452, 0 36000 29145 2, 00012345600012",
    "GTIN 00123456789012; EAN: 0301234567890; UPC 030123456789",
    "SKU 0301234567, MPN: 15912345678, ASIN 0301234567",
    "item 0301234567, item no. 9812345678, Item #0171 1234567",
    "ref 0301234567, réf. 0612345678, référence : 0612345678",
    "art. no. 0301234567, Artikel-Nr. 01701234567, Art.-Nr.: 0171 1234567, Bestellnummer 0301234567",
    "order no. 9812345678, order number is 0171 1234567, order 0301234567",
    "model 0301234567, part no. 030-1234567",
    "型号15912345678，我的货号：15912345678，订单号15912345678，订单号码是15912345678",
    "品番0301234567、注文番号は09012345678",
    "артикул 89123456789, заказ № 89123456789",
    "IMEI 490154203237518, GTIN 30012345678906, ISBN 4111111111111111",
)
NEAR_MISSES = (
    "It costs 1.299,00 EUR, was 1,499.00",
    "Order 4711081512345678 and #0301234567 and AB-0301234567",
    "4111 1111 1111 1112 fails the check digit",
    "Bought 2026-01-31, 31.01.2026, 01/02/2026 10:30, 01-02-2026 10",
    "120 x 80 x 200 cm, 10x20x30, size 38-40, 100-200-300, 600-700-800",
    "sizes 36 37 38 39 40 41, 15 20 30 40 50 6",
    "$9812345678, 15912345678元, 9812345678 mAh, 612.345.678",
    "https://shop.example/item/9812345678?old=0301234567",
    "Accessory 099-0502-000, 073-3150-406",
    "Version 192.168.10.12 of 3.1415926535, seconds 1769817600, thousandths 1769817600000",
    "5 @ 3.50, meet @home, @ann_lee, ratio 3@4.50",
    "12 Inch Road Bike, 21 Jump Street, 2 Way Radio, 7 Day Street Food",
    "Sitzplatz 12, Ring 5, 12 rue",
    "+10 points, -20 %, 1000000 users, 0800-1700",
    "[mail] stays [phone]",
)
MAILS = {
    "很好，请写到zhang.san@example.com谢谢你": "很好，请写到[mail]谢谢你",
    "メールはabc@example.co.jpです": "メールは[mail]です",
    "메일은 abc@example.com입니다": "메일은 [mail]입니다",
    "อีเมลabc@example.comครับ": "อีเมล[mail]ครับ",
    "写到 张三@example.com 吧": "写到 [mail] 吧",
    "на почту анна@почта.рф": "на почту [mail]",
    "ann＠example．com": "[mail]",  # noqa: RUF001
    "Write to ann@shop.example.Thanks": "Write to [mail].Thanks",
    "Ann@Shop.Com": "[mail]",
}


@pytest.mark.parametrize(("written", "kept"), [*PERSONAL.items(), *CALLED.items(), *MAILS.items()])
def test_personal_data_gives_way_to_a_mask_that_names_its_kind(written: str, kept: str) -> None:
    assert mask_text(written, ALL) == kept


@pytest.mark.parametrize(("written", "kept"), MOBILES.values(), ids=MOBILES)
def test_mobile_numbers_of_several_countries_are_masked_as_they_are_written_there(written: str, kept: str) -> None:
    assert mask_text(written, ALL) == kept


@pytest.mark.parametrize("text", [*NEAR_MISSES, *IDENTIFIERS])
def test_prices_sizes_dates_orders_books_and_goods_stay(text: str) -> None:
    assert mask_text(text, ALL) == text


@pytest.mark.parametrize("kind", PersonalData)
def test_a_kind_that_is_not_asked_for_stays(kind: PersonalData) -> None:
    text = "ann@x.de, 11010519491231002X, 4111111111111111, 030 1234567, QQ 12345678, 姓名: 张三, Hauptstraße 12"
    shown = dict(zip(PersonalData, text.split(", "), strict=True))
    masked = dict(shown) | {each: f"[{each}]" for each in PersonalData}
    masked |= {PersonalData.ACCOUNT: "QQ [account]", PersonalData.NAME: "姓名: [name]", kind: shown[kind]}
    masks = MaskSettings(**{kind.value: False})
    assert mask_text(text, masks) == ", ".join(masked[each] for each in PersonalData)


def test_numbers_of_countries_that_are_not_listed_stay_unless_they_name_their_country() -> None:
    text = "15912345678, 030 1234567, +86 15912345678, tel. 15912345678"
    assert mask_text(text, MaskSettings(phone_countries=("DE",))) == "15912345678, [phone], [phone], tel. [phone]"
    assert mask_text(text, MaskSettings(phone_countries=())) == "15912345678, 030 1234567, [phone], tel. [phone]"


def test_every_country_of_the_settings_has_a_numbering_plan() -> None:
    assert set(PHONE_COUNTRIES) <= COUNTRIES <= phonenumbers.SUPPORTED_REGIONS


def test_luhns_check_is_that_of_its_well_known_example() -> None:
    assert [digit for digit in range(10) if passes_luhn(f"7992739871{digit}")] == [3]


def test_check_digits_are_those_of_well_known_books_and_goods() -> None:
    assert [digit for digit in "0123456789X" if is_article_number(f"030640615{digit}")] == ["2"]
    assert is_article_number("080442957X")
    assert [digit for digit in range(10) if is_article_number(f"400638133393{digit}")] == [1]
    assert is_article_number("036000291452")
    assert not is_article_number("40063813")


LABELS = "1" * 64 + "@" + "1." * 8 + "!"
"""Labels of digits, which are of every script that a mail address may be in."""


@pytest.mark.parametrize("part", ["x@", "1", "1 ", "item ", "12 ", "a.", "020 7946 0958 ", "1-", "+1(", "tel ", LABELS])
def test_long_texts_are_read_in_a_moment(part: str) -> None:
    started = time.process_time()
    mask_text(part * (20_000 // len(part)) + "@", ALL)
    assert time.process_time() - started < 5
