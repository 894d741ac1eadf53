"""Chinese words that jieba's dictionary, made from newspapers, lacks or cuts."""

from __future__ import annotations

SHOP_WORDS = """
    给力 显瘦 显胖 显白 百搭 亲肤 掉毛 好用 难用 好评 差评 追评 点赞 包邮 秒杀 满减 返现 返厂 价保
    自提 派件 快递员 卡顿 闪退 死机 蓝屏 花屏 拖影 发烫 触屏 内屏 外屏 大屏 后盖 安卓 网购 网红
    同款 绘本 加绒 打底 洗护 发质 发膜 控油 脆甜 坏果 烂果 冷链 订房 大床 标间 标房 双床 加床 离店
    吐槽 物超所值 高性价比 不起球 不掉色 爆款 种草 拔草 踩雷 翻车 手感 质感 上身 版型 尺码 码数 偏大
    偏小 偏贵 色号 拉链 充电宝 充电器 数据线 蓝牙耳机 保温杯 连衣裙 半身裙 牛仔裤 卫衣 打底裤 羽绒服
    运动鞋 小白鞋 帆布鞋 凉鞋 双肩包 单肩包 斜挎包 手机壳 保护壳 钢化膜 粉底液 口红 面膜 洗面奶 防晒霜
    客服 售后 发货 到货 退换货
"""
"""Words of shops and their customers, between blanks."""
