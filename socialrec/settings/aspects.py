"""Words and phrases of each aspect, in English and Chinese, and the signs that an entry may begin with."""

from __future__ import annotations

from dataclasses import dataclass

_SIGNS = {"+ ": 1, "- ": -1}
_CONTEXT = "! "


@dataclass(frozen=True)
class Entry:
    """Entry of an aspect's list: a phrase, what it says by itself (1, -1, or 0 for nothing), and if it is the aspect.

    A phrase that is not (`! easy to wear`) takes the words in it out of other entries.
    """

    phrase: str
    sign: int
    is_named: bool


def entry_of(listed: str) -> Entry:
    """Read an entry as it is listed: `price`, `+ bargain`, `- overpriced` or `! price list`."""
    prefix, phrase = listed[:2], listed[2:]
    if prefix == _CONTEXT:
        return Entry(phrase, 0, False)
    return Entry(phrase, _SIGNS[prefix], True) if prefix in _SIGNS else Entry(listed, 0, True)


def listed(words: str) -> tuple[str, ...]:
    """Entries of a text, separated by commas."""
    return tuple(" ".join(entry.split()) for entry in words.split(","))


ASPECTS: dict[str, tuple[str, ...]] = {
    "price": listed(
        """price, prices, pricing, priced, price tag, price point, price range, + priced well, + well priced,
        ! price list, cost, costs, + low cost, ! at all costs, + cheap, + cheaper, ! looks cheap, ! look cheap,
        ! feels cheap, ! feel cheap, ! felt cheap, ! looked cheap, ! cheap looking, ! cheap feeling,
        ! cheap plastic, ! cheap material, ! cheap materials, ! cheap fabric, ! cheap quality, ! cheaply made,
        ! cheap and flimsy, - expensive, + inexpensive, + affordable, - overpriced, - pricey, - costly, + bargain,
        + value, + good value, + great value, + value for money, ! value my, ! face value, + for the money,
        + for your money, + worth the money, + worth every penny, - not worth, - not worth the money,
        - waste of money, - rip off, - ripoff, + a steal, + good deal, + great deal, ! a great deal of,
        ! a good deal of, on sale, discount, budget, 价格, 价钱, 价位, 性价比, + 便宜, - 贵, ! 贵公司, ! 贵店,
        ! 宝贵, ! 珍贵, ! 名贵, ! 可贵, + 实惠, + 划算, + 物超所值, + 物美价廉, + 超值, - 不值, 降价, 打折,
        优惠, - 便宜没好货, - 便宜无好货, + 物有所值, + 很值, + 值了, - 不划算, - 小贵, - 偏贵, - 涨价, - 虚高,
        - 就降价, ! 贵重, 售价"""
    ),
    "quality": listed(
        """quality, ! quality time, ! sound quality, + high quality, - low quality, - poor quality, - bad quality,
        + good quality, + great quality, + top quality, workmanship, craftsmanship, build quality, construction,
        + well made, + well built, + well constructed, + solidly built, - poorly made, - badly made, - poorly built,
        - cheaply made, + solid, ! solid color, ! solid colour, ! solid colors, ! solid black, ! solid white,
        ! solid state, + sturdy, - flimsy, - shoddy, - defective, - defect, - defects, - faulty, - looks cheap,
        - look cheap, - feels cheap, - feel cheap, - felt cheap, - looked cheap, - cheap looking, - cheap feeling,
        - cheap plastic, - cheap material, - cheap materials, - cheap fabric, - cheap quality, material, materials,
        ! material things, fabric, 质量, 品质, 做工, 材质, 质感, ! 不说质量, 面料, 用料, 布料, 工艺, + 正品, - 假货,
        - 劣质,
        - 粗糙, - 次品, - 瑕疵, - 线头, - 异味, + 无异味, + 没有异味, + 没异味, - 地摊货, + 厚实, + 扎实, 质地"""
    ),
    "size": listed(
        """size, sizes, sized, sizing, + true to size, ! bite size, fit, fits, fitting, fitted, ! fit for purpose,
        ! fits my style, ! fit my style, ! fits my needs, ! fit my needs, ! fits the bill, ! fit the bill,
        ! fits my budget, + fits perfectly, + perfect fit, + fits well, ! keep fit, - too small, - too big,
        - too large, - too tight, - too loose, - too short, - too long, - too wide, - too narrow, - runs small,
        - runs large, - runs big, - run small, - run large, - ran small, - ran large, - runs short, - runs long,
        - bit small, - bit large, - bit big, - bit tight, - bit short, - bit long, - tight, ! tight budget,
        ! sits tight, - baggy, - smaller than, - bigger than, - larger than, ! larger than life, - tent like,
        measures, measurements, inches too, 尺寸, 尺码, 码数, 大小, + 合身, + 合适, - 不合适, - 不合身, - 偏小,
        - 偏大, - 太小, - 太大, - 太短, - 太长, - 太紧, - 太肥, - 小了, - 大了, ! 大小便, ! 大小写, ! 大小不说,
        ! 时间太短, ! 容量太小, - 偏长, - 偏短,
        - 偏瘦, - 太宽, - 太窄, - 掉跟, + 合脚, ! 差距太大, ! 色差太大, ! 味道太大, ! 声音太大,
        ! 噪音太大, ! 压力太大, ! 变化太大, ! 力度太大, ! 太小气, ! 太长时间, ! 时间太长, ! 太大方,
        ! 价格合适, ! 价格很合适, ! 价格也合适, ! 价格也挺合适, ! 价钱合适, ! 买的合适, ! 买的很合适, ! 买的非常合适,
        ! 用着合适, ! 用着很合适, ! 内存小了, ! 内存太小, ! 空间太小, ! 房间太小, ! 音量太小, ! 声音太小, ! 屏幕太小"""
    ),
    "delivery": listed(
        """delivery, delivered, ! delivered on its promise, shipping, shipped, shipment, parcel, packaging,
        packaged, packed, ! packed with, package, ! package deal, ! whole package, ! total package, courier,
        arrived, arrival, ! dead on arrival, arrives, + arrived on time, + came early, - arrived late,
        - never arrived, + came quickly, - arrived broken, - arrived damaged, - torn box, - wrong item, 物流, 快递,
        发货, 送货, 配送, 包装, 到货, 运费, 盒子, - 压扁, - 破损, - 发错货, - 漏发, - 少发, + 送货上门, ! 发货人"""
    ),
    "design": listed(
        """design, designs, ! by design, designed, ! designed to, ! designed for, look, looks, looked, ! look like,
        ! looks like, ! looked like, ! look for, ! look forward, ! looking for, ! look at, ! looked at, ! looks at,
        ! looked for, ! look elsewhere, ! look no, ! look into, ! looked into, ! look up, ! looked up, ! look cheap,
        ! looks cheap, ! looked cheap, ! looks good on paper, + good looking, + nice looking, + great looking,
        - cheap looking, colour, colours, color, colors, style, styles, styling, ! hair style, ! style of playing,
        + stylish, pattern, print, ! fine print, + beautiful, + gorgeous, + elegant, - ugly, - hideous, as pictured,
        appearance, 款式, 颜色, 外观, 样式, 外形, 设计, 图案, 版型, - 色差, + 好看, + 漂亮, - 难看, - 丑, 样子好,
        样子很, 样子不, 样子也, 样子挺, 样子还, 造型, 花色, 配色, 颜值, + 显瘦, - 显胖, + 显白, + 百搭, + 时尚,
        - 老气, - 过时, ! 好看的书, ! 丑闻"""
    ),
    "service": listed(
        """service, ! service life, ! church service, ! services, customer service, customer care, customer support,
        tech support, technical support, support team, support was, support answered, support replied,
        support never, to support and, contacted support, wrote to support, staff, seller, ! best seller, refund,
        refunded, + full refund, - no refund, - refused to refund, warranty, - never answered, - never replied,
        服务, ! 服务器, 客服, 售后, 态度, 卖家, 店家, 商家, 退款, 退货, 换货, 老板, 店铺, ! 老板娘, ! 无理由退货,
        - 爱理不理,
        + 有问必答, - 一问三不知, - 不给退, - 没人管"""
    ),
    "durability": listed(
        """durability, + durable, + long lasting, + lasts, ! lasts a, + lasted, + last for years, + lasts for years,
        + last years, + will last, - didn't last, - did not last, - won't last, + holds up, + held up, + hold up,
        ! hold up my, ! holds up my, ! hold up to the light, - fell apart, - falls apart, - falling apart,
        - fall apart, - broke, ! broke even, - broken, ! broken in, ! arrived broken, - breaks, ! breaks in,
        - wears out, - wore out, - worn out, - wear out, - wear and tear, signs of wear, - pilling, - pilled,
        - pills, - shrank, - shrunk, - ripped, - tore, - frayed, ! broke my heart, - unraveled, - unraveling,
        - has faded, - have faded, - faded after, - faded quickly, - cracked, - stopped working, - quit working,
        - first wash, - one wash, like new, + 耐用, + 耐穿, + 结实, + 牢固, - 坏了, ! 气坏了, - 起球, - 掉色, - 褪色,
        - 缩水,
        - 开线, - 脱线, - 变形, - 断了, - 散架, 寿命, - 不耐用, - 不耐穿, + 经久耐用, + 没坏, + 没有坏,
        - 就不行了, - 掉漆, - 裂开, - 开裂, - 开胶, - 脱胶, - 生锈,
        - 掉毛, ! 掉毛病"""
    ),
    "comfort": listed(
        """comfort, ! comfort zone, + comfortable, + comfortably, + comfy, - uncomfortable, + cosy, + cozy, + soft,
        ! soft spot, ! soft case, + softness, - itchy, - scratchy, - stiff, - awkward to, - hurts, + joy to use,
        getting used to, + ergonomic, + breathable, 舒适, 舒适度, + 舒服, - 不舒服, + 柔软, + 透气, - 不透气,
        - 扎人, 手感, + 亲肤, + 暖和, - 挤脚, - 磨脚, - 勒得, - 太硬, - 闷, - 累, ! 累计, ! 累积, 脚感, 鞋底"""
    ),
}
"""Default of `text.aspects`."""
