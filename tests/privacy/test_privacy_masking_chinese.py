"""Personal data as Chinese texts write them: what is masked, and what only looks like it."""

# ruff: noqa: RUF001 (signs of other widths)

from __future__ import annotations

import time

import pytest

from socialrec.privacy.masking.chinese_data import is_identity_number
from socialrec.privacy.masking.personal_data import mask_text
from socialrec.settings.etl import MaskSettings

ALL = MaskSettings()
PERSONAL = {
    "手机１３８ ００１３ ８０００": "手机[phone]",
    "固话010-12345678，手机+86 138-0013-8000": "固话[phone]，手机[phone]",
    "我的身份证11010519491231002X": "我的身份证[identity]",
    "身份证号码：110105491231002，请查": "身份证号码：[identity]，请查",
    "编了１１０１０５１９４９１２３１００２Ｘ".replace("Ｘ", "X"): "编了[identity]",
    "110105 19491231 002X": "[identity]",
    "银行卡号 6222 0212 3456 7890 123": "银行卡号 [card]",
    "打到 6222021001122334458 谢谢": "打到 [card] 谢谢",
    "微信号：abc_1234加我": "微信号：[account]加我",
    "加微信zhang88888": "加微信[account]",
    "vx：goodshop": "vx：[account]",
    "QQ：123456789，扣扣群 88888888": "QQ：[account]，扣扣群 [account]",
    "收件人：张三，电话13800138000": "收件人：[name]，电话[phone]",
    "联系人:欧阳小明 收": "联系人:[name] 收",
    "姓名：王五先生": "姓名：[name]",
    "地址：北京市朝阳区建国路88号3号楼1502室，谢谢": "地址：[address]，谢谢",
    "寄到上海市浦东新区世纪大道１００号": "寄到[address]",
    "我住在广东省深圳市南山区科技园南路5号": "我住在[address]",
    "家住阳光小区3栋2单元501室": "家住[address]",
}
NEAR_MISSES = (
    "花了138元，原价1380.00元，￥13800",
    "订单号110105194912310021，快递单号 773012345678901",
    "110105194912310022 和 110105199913310029",
    "尺码38，160/84A，身高165体重110斤，2021-11-11下单，12号发货15号到",
    "5号色很好看，地铁2号线，一号店，18号楼旁边，酒店3号楼1502房",
    "中山路12号的店，朝阳区很大，南京路",
    "微信支付很方便，微信公众号推荐，微信payment，vx系列",
    "QQ糖好吃，QQ星牛奶，QQ 500g",
    "联系人很热情，联系人：方便的话回复，收件人是我妈",
    "型号6222021001122334，电池5000毫安",
)  # fmt: skip


@pytest.mark.parametrize(("written", "kept"), PERSONAL.items())
def test_chinese_personal_data_gives_way_to_a_mask(written: str, kept: str) -> None:
    assert mask_text(written, ALL) == kept


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_prices_orders_sizes_and_places_stay(text: str) -> None:
    assert mask_text(text, ALL) == text


def test_the_check_digit_of_an_identity_card_is_that_of_the_standards_example() -> None:
    assert [digit for digit in "0123456789X" if is_identity_number(f"11010519491231002{digit}")] == ["X"]


@pytest.mark.parametrize(
    "part", ["北京市", "朝阳区路", "1号", "一号2室", "微信号", "收件人:", "身份证", "中山路1号2栋"]
)
def test_long_chinese_texts_are_read_in_a_moment(part: str) -> None:
    started = time.process_time()
    mask_text(part * (20_000 // len(part)), ALL)
    assert time.process_time() - started < 5
