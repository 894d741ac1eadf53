"""Words without information about a product's subject, by language: function words, and words that only judge."""

from __future__ import annotations

ENGLISH = """
    about after all also and any are because been before but can could did does don't even every few for from get
    got had has have her here him his how i'm i've into it's its just like made make makes many more most much not
    nothing now off one only other our out over own quite really same she should some such than that the their them
    then there these they this those through too two under until very was well were what when where which while who
    will with would you your again another anyone anything back being between both came come day days didn't doesn't
    ever everyone everything first going good great isn't last let look looks may might must never new next nor
    people per put said see since so still thing things think time times took try unless upon use used using want
    wanted wasn't week weeks went why without won't year years yes yet
    amazing awesome awful awkward bad beautiful best better broke broken cheap dear delighted disappointed
    disappointing excellent expensive fair favorite favorites favourite favourites fine flimsy glad gorgeous happy
    hate hated hates hurts joke junk love loved lovely loves nice okay perfect poor recommend recommended regret
    rubbish rude sad sadly stars superb terrible ugly uncomfortable useless waste wonderful worse worst worth wrong
"""
CHINESE = """
    一些 一下 一个 一种 一样 一直 一定 一般 一点 一点点 一切 一旦 一来 一次 一起 一边 一面 一会
    一会儿 一时 上去 上面 上述 下去 下面 不 不但 不仅 不会 不光 不再 不到 不单 不只 不够 不如 不已
    不得 不得不 不必 不怎么 不愧 不敢 不断 不是 不曾 不然 不用 不管 不能 不若 不要 不论 不过 与
    与其 与否 且 两者 个 个人 个别 为 为了 为什么 为何 为止 为此 主要 乃 乃至 之 之一 之前 之后
    之所以 之类 也 也好 也是 也许 了 二来 于 于是 互相 亦 亲自 人们 什么 什么样 今 今后 今天 仅
    仅仅 从 从不 从中 从此 从而 从来 他 他人 他们 以 以上 以下 以为 以便 以免 以前 以及 以后 以外
    以往 以来 以至 任 任何 任凭 会 似乎 似的 但 但凡 但是 何 何况 何必 何时 作为 你 你们 使 使用
    使得 例如 依 依据 依然 依照 便 便于 俺 倒是 倘若 借 假使 假如 偏偏 做 偶尔 像 先后 光是 全
    全体 全部 兼 其 其中 其他 其余 其它 其实 其次 再 再有 再者 再说 再次 几 几乎 几时 出去 出来
    分别 则 刚 刚刚 刚才 别 别人 别的 别说 到 到处 到底 到现在 前 前后 前者 加上 加之 即 即使
    即便 即将 却 又 及 及其 及时 反之 反正 反而 只 只有 只是 只能 只要 另 另外 叫 可 可以 可是
    可能 可见 各 各个 各种 各自 同 同时 同样 后 后来 后者 向 吗 否则 吧 呀 呃 呗 呜 呢 呵 呵呵
    哇 哈 哈哈 哈哈哈 哎 哎呀 哎哟 哗 哟 哦 哩 哪 哪个 哪些 哪儿 哪怕 哪样 哪里 哼 唉 啊 啥 啦
    喂 喏 嗯 嗯嗯 嘛 嘿 因 因为 因此 因而 固然 在 在于 地 基本 基本上 处在 多 多么 多少 多次 大
    大家 大多 大概 大约 太 她 她们 好 好像 好多 如 如上 如下 如何 如其 如同 如果 如此 如若 始终
    它 它们 宁可 对 对于 对方 将 将要 小 就 就是 就是说 就算 尔后 尚且 尤其 尽 尽管 尽量 居然
    届时 已 已经 已矣 常常 平时 并 并且 并不 并非 应 应当 应该 开始 开外 当 当中 当初 当时 当然
    当着 往 往往 很 很多 很少 得 得到 彻底 必 必定 必然 必须 快要 怎 怎么 怎么办 怎么样 怎样 总
    总之 总是 总的来说 总体 总体来说 恐怕 您 您们 想 想要 愿意 感到 感觉 成为 我 我们 或 或是 或者
    或许 所 所以 所在 所幸 所有 所谓 才 才能 打算 把 按 按照 接着 故 故此 整个 整体 无 无法 无论
    既 既是 既然 时 时候 时间 明明 是 是不是 是以 是否 是的 暂时 更 更加 更为 曾 曾经 最 最后
    最好 最近 最终 有 有些 有人 有时 有时候 有没有 有点 有点儿 有的 有着 有关 望 期间 未 未必 本
    本人 本来 本着 来 来自 来着 来讲 来说 极 极其 极了 果然 果真 某 某个 某些 某某 根据 根本 次
    欢迎 正 正在 正如 正是 此 此外 此时 此次 每 每个 每天 每当 每次 比 比如 比方 比较 毕竟 没
    没想到 没有 没事 沿着 然 然后 然而 焉 照 照着 特别 特别是 犹且 现在 甚 甚至 甚而 用 由 由于
    由此 由此可见 的 的话 的确 目前 直到 直接 相信 相当 相对 相比 看 看上去 看到 看看 看见 看起来
    真 真心 真是 真的 着 着呢 知道 矣 确实 离 种 称 竟 竟然 立刻 立即 立马 第 第一 第一次 第二
    第二次 第二天 等 等等 简直 类似 紧接着 纵 纵使 终于 经 经常 经过 结果 给 绝对 继续 继而
    综上所述 罢了 者 而 而且 而已 而是 而言 肯定 能 能否 能够 自 自从 自己 自家 自身 至 至于 至今
    至少 若 若是 若非 莫 虽 虽则 虽然 虽说 被 要 要不 要不是 要不然 要么 要是 觉得 认为 让 许多
    诚然 该 诸 诸位 说 说明 说实话 谁 谁知 谁料 起 起来 起见 趁 越 越来越 跟 较 较为 较之 边 过
    过来 还 还是 还有 还会 还要 这 这个 这么 这么样 这些 这会儿 这儿 这就是说 这时 这样 这次 这款
    这种 这边 这里 这是 这家 这套 这件 这本 那款 那种 进来 进去 进而 连 连同 逐步 通常 通过 遵照
    那 那个 那么 那些 那会儿 那儿 那时 那样 那般 那边 那里 都 都是 都会 都有 里面 重新 鉴于 针对
    阿 除 除了 除外 除此之外 随 随后 随时 随着 非 非但 非常 非得 顺 顺着 首先 马上 东西 产品 商品
    宝贝 参考 发现 收到 购买 买 买家 今年 去年 明天 昨天 前天 晚上 早上 上午 下午 中午 小时 分钟
    几天 两天 三天 一天 两个 三个 几个 一只 一件 一款 一本 一双 一套 一共 总共 希望 推荐 评价 好评
    差评 中评 追评 追加 晒单 朋友 亲们 同学 老公 老婆 喜欢 不错 值得 便宜 垃圾 太差 失望 好看 好用
    开心 很好 很差 满意 漂亮 生气 糟糕 讨厌 退货 退款 退掉 赞 超级 坏了 高兴 高级 难看 难用 很差劲
    后悔 完美 还可以 差劲 给力 挺好 太好 太好了 很棒 超赞 超好 点赞 最差 差 烂 坑 坑人 骗人 上当
    无语 郁闷 恶心 倒霉 幸福 惊喜 划算 实惠 优秀 优质 出色 满分 好东西 很快 很慢 好吃 难吃 不行
    不值 不值得 不满 不满意 不喜欢 不推荐 不建议 不好 不好看 不好用 不怎么样 一般般 凑合 还行 还不错
    棒 棒棒 良心 爱 爱上 喜爱 热爱 感谢 谢谢 辛苦 加油 支持 信赖 信任 放心 五星 五星好评 一星 四星
    差不多 可惜 遗憾 质量 下次 适合 需要 选择 方便 舒服 合适 舒适 地方 很大 很小 下单 问题 购物
    本书 此书 套书 这书 师傅 速度 物流 快递 快递员 包装 卖家 店家 商家 客服 发货 送货 到货 售后
    很香 很甜
"""
OTHERS = """
    aber auch auf bei das dass dem den der des die dies diese dieser doch ein eine einem einen einer eines für habe hat
    ich ihr immer ist kein keine man mein meine mich mir mit nach nicht noch nur oder schon sehr sein sich sie sind und
    uns von war was wenn wie wir wird zum zur
    avec aussi aux bien cela cette dans des dit donc elle elles est été être fait ils les leur mais mes moi mon même
    nous par pas plus pour que qui sans ses son sont sur ton très tout trop une vous
    como con cuando del desde donde ella ellos era eran ese esta está este esto fue hay las los más mis muy nada nos
    para pero por porque que quien sin sobre son sus también tan tiene todo una uno
    alla anche che chi come con cosa dal dalla dei del della delle gli hai hanno loro ma mia mio molto nel nella noi non
    ogni per però perché più poi quando quello questa questo sei senza sono sua sul suo tra tutto una uno voi
    com das dos ela ele eles em então era essa esse esta este eu foi isso mais mas meu minha muito na nas não nem no nos
    num por porque quando que quem sem ser seu sua são também tem uma você
    aan als bij dat deze die dit door een geen had heb heeft hem het hij hoe ik is kan maar meer met mijn naar niet nog
    omdat ook onze over toen tot uit van veel voor waar wat wel werd wij ze zeer zijn zonder
"""
STOP_WORDS = frozenset(f"{ENGLISH} {CHINESE} {OTHERS}".split())
"""Stop words of all languages together: a shop's texts mix languages, and a short text rarely identifies its own."""
