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
    一个 一些 一下 一直 不是 不会 不过 不错 东西 为了 之后 之前 产品 什么 今天 他们 使用 便宜 值得 其他 其实 参考
    发现 只是 可以 可是 商品 喜欢 因为 垃圾 太差 失望 好看 好用 如果 宝贝 差评 已经 希望 应该 开心 很好 很差 怎么 感觉
    所以 所有 推荐 收到 时候 时间 有点 有些 果然 没有 满意 漂亮 然后 特别 现在 生气 由于 看起来 真的 知道 简直 糟糕 自己
    觉得 讨厌 购买 起来 这个 这些 这样 这次 这里 那个 那些 那么 都是 还可以 还是 还有 退货 退款 退掉 质量 赞 超级
    坏了 非常 高兴 高级 难看 难用 很差劲 后悔 完美
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

CHINESE_SEPARATORS = frozenset(
    "的了是我你您他她它们这那和与在有也都很不没就还被把对为以而且但又吗呢吧啊呀哦太最更只个件款"
)
"""Characters between which Chinese words are looked for: particles, pronouns, adverbs and measure words."""
