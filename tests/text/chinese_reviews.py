"""Sentences of Chinese reviews, made up by hand, with the aspects that each names and what it says about them.

The results on `FIRST` were looked at while the rules were written, those on `SECOND` were not; but one hand wrote both
before the lists, which therefore hold words of both. `THIRD` was written after them and is read once.
"""

# ruff: noqa: RUF001 (Chinese signs)

FIRST = """
质量很好，就是有点贵 | quality+ price-
不便宜，但是做工不错 | price- quality+
没有色差，颜色跟图片一样 | design+
物流一点也不慢，第二天就到了 | delivery+
质量不怎么样，穿了两天就坏了 | quality- durability-
客服态度很好，有问必答 | service+
客服爱理不理的，太差劲了 | service-
尺码偏小，建议买大一码 | size-
大小刚刚好，很合身 | size+
包装很严实，没有破损 | delivery+
包装太简陋了，盒子都压扁了 | delivery-
洗了一次就掉色，不推荐 | durability-
洗了几次都不掉色也不起球 | durability+
面料很舒服，透气性好 | quality+ comfort+
穿着不舒服，有点扎人 | comfort-
款式很好看，就是做工粗糙 | design+ quality-
性价比高，值得购买 | price+
性价比不高，不值这个价 | price-
卖家发货很快，给个好评 | service+ delivery+
发货太慢了，等了一个星期 | delivery-
快递员态度恶劣 | delivery- service-
样子有点丑，不喜欢 | design-
价格实惠，物美价廉 | price+
这个价位能买到这样的质量，很满意 | price+ quality+
不是正品，是假货 | quality-
用了一个月就不行了，质量太差 | quality- durability-
很耐用，用了两年还跟新的一样 | durability+
鞋子有点挤脚，偏小半码 | size-
沙发很软，坐着很舒服 | comfort+
裤子太长了，需要改短 | size-
手感不错，质感也很好 | comfort+ quality+
颜色很正，没有色差 | design+
图片和实物差距太大，颜色不对 | design-
退货很麻烦，客服不理人 | service-
售后服务很到位，换货很爽快 | service+
价格比实体店便宜多了 | price+
贵是贵了点，不过质量确实没话说 | price- quality+
没有想象中的好，面料很薄 | quality-
不掉毛不起球，质量杠杠的 | durability+ quality+
做工精细，没有线头 | quality+
线头很多，做工马虎 | quality-
衣服有一股刺鼻的味道，面料也差 | quality-
版型很正，上身效果很好 | design+
穿上显胖，版型不好 | design-
运费太贵了，不划算 | delivery- price-
快递很给力，隔天就收到了 | delivery+
物流慢得要死 | delivery-
刚买完就降价，太坑了 | price-
码数标准，不大不小 | size+
尺码不准，买大了 | size-
一点都不透气，夏天穿很闷 | comfort-
软硬适中，舒适度很高 | comfort+
外观漂亮，颜色也喜欢 | design+
外观还行，质量一般 | design0 quality0
价格一般，质量还可以 | price0 quality0
卖家服务周到，下次还来 | service+
商家不讲信用，承诺的优惠没兑现 | service- price-
材质很差，一看就是劣质塑料 | quality-
穿了不到一个星期就开线了 | durability-
非常结实，摔了几次都没坏 | durability+
不太好看，图案有点土 | design-
比图片上还好看 | design+
这么贵的东西质量居然这么差 | price- quality-
没有什么质量问题 | quality+
尺寸合适，安装方便 | size+
太小了，根本穿不进去 | size-
包装破损，里面的东西都碎了 | delivery-
快递包装得很好 | delivery+
客服回复及时，解决了我的问题 | service+
打电话给客服没人接 | service-
好看是好看，就是不耐脏 | design+
不褪色，不变形，很满意 | durability+
一洗就变形，再也不买了 | durability-
鞋底很软，走路不累 | comfort+
布料有点硬，穿着不舒服 | quality- comfort-
布料柔软亲肤 | quality+ comfort+
性价比超高👍 | price+
质量😡😡 | quality-
這個顏色很漂亮，質量也好 | design+ quality+
價格太貴了，不值 | price-
整体不错，就是快递慢了点 | delivery-
除了价格贵，其他都很好 | price-
不是很合身，腰有点大 | size-
裙子长度刚好，身高160穿着合适 | size+
款式新颖，同事都说好看 | design+
款式老气 | design-
设计不合理，拉链老是卡住 | design-
设计很人性化 | design+
五星好评，给卖家点赞 | service+
退款速度很快 | service+
一直不给退款，气死人 | service-
好用不贵 | price+
贵得离谱 | price-
假一赔十，确实是正品 | quality+
电池不耐用，半天就没电 | durability-
快递小哥服务态度很好，送货上门 | delivery+ service+
东西收到了，孩子很喜欢 |
下次还会再来 |
买给妈妈的，她说谢谢 |
今天天气不错，出去玩了 |
"""

SECOND = """
面料厚实，穿起来很暖和 | quality+
裙子很漂亮，价格也不贵 | design+ price+
衣服质量没得说，非常喜欢 | quality+
质量差得很，跟地摊货一样 | quality-
性价比一般，不会再买 | price0
便宜没好货，质量太差了 | quality-
价格很公道，老板人也好 | price+ service+
这个价格买到真的很值 | price+
有点小贵，但是物有所值 | price0
价格虚高，不推荐购买 | price-
发货速度快，包装也很仔细 | delivery+
物流太慢，等了十天才到 | delivery-
快递不给力，盒子都烂了 | delivery-
卖家迟迟不发货 | service- delivery-
包装精美，送人很有面子 | delivery+
包装没有想象的那么差 | delivery+
客服小姐姐很耐心 | service+
客服一问三不知 | service-
售后没人管，打了好几次电话 | service-
服务态度没得挑 | service+
商家很热情，还送了小礼物 | service+
店家发错货还不承认 | service- delivery-
退货不给退，垃圾店铺 | service-
尺码很准，按平时买的就行 | size+
尺寸小了，穿不了 | size-
偏大一码，买小一点 | size-
不合身，肩膀太宽 | size-
码数正好，不用换 | size+
大小合适，长度也可以 | size+
鞋子大了，走路掉跟 | size-
颜色比照片暗，有色差 | design-
颜色鲜艳，很好看 | design+
款式一般，没有特色 | design0
款式大方，穿着显瘦 | design+
外形不错，很有设计感 | design+
样式太丑了 | design-
图案印得不清楚 | design-
一点也不难看 | design+
穿着很舒服，走一天都不累 | comfort+
不舒服，勒得慌 | comfort-
很柔软，宝宝很喜欢 | comfort+
枕头太硬，睡得脖子疼 | comfort-
透气性差，容易出汗 | comfort-
手感很差，摸起来粗糙 | comfort- quality-
用了三天就坏了 | durability-
洗完缩水严重 | durability-
穿了半年也没变形 | durability+
非常耐穿，第二次购买了 | durability+
没用几次就断了 | durability-
不容易起球 | durability+
掉漆很严重，质量不行 | durability- quality-
做工一般，但款式好看 | quality0 design+
做工不好，到处是线头 | quality-
材质很好，没有异味 | quality+
用料扎实，做工考究 | quality+
有瑕疵，袖口有个洞 | quality-
是正品，放心购买 | quality+
怀疑是假货，味道不对 | quality-
质量不错，就是物流慢 | quality+ delivery-
虽然价格贵，但是质量好 | price- quality+
质量不是很好，不过便宜 | quality- price+
颜色不错，尺码不对 | design+ size-
款式喜欢，做工太糙，客服态度也差 | design+ quality- service-
价格便宜，质量也没有问题 | price+ quality+
快递快，服务好，质量也好 | delivery+ service+ quality+
不觉得贵 | price+
不算便宜 | price-
价格不低 | price-
并不便宜 | price-
没觉得质量有多好 | quality-
质量谈不上好 | quality-
质量好到没朋友 | quality+
质量无可挑剔 | quality+
质量令人失望 | quality-
質量非常好，物流也快 | quality+ delivery+
顏色不好看 | design-
ＱＵＡＬＩＴＹ　ｇｏｏｄ，价格便宜 | quality+ price+
服务👍物流👍 | service+ delivery+
客服💩 | service-
nice design，就是太贵 | design+ price-
The quality is good，但是尺码偏小 | quality+ size-
超值，买了三件 | price+
划算，比超市便宜 | price+
太贵了，学生党买不起 | price-
优惠力度大，很开心 | price+
价钱合理 | price+
还没到双十一就涨价 | price-
结实耐用，性价比高 | durability+ price+
拉链坏了，联系客服换货，处理很快 | durability- service+
不会褪色吧，目前还好 | durability0
本来以为会色差很大，结果没有色差 | design+
隔音效果差，床还算舒服 | comfort+
屏幕清晰，外观也漂亮 | design+
味道很香，会回购 |
宝贝收到了，还没用 |
朋友推荐我买的 |
第一次在这家店买 |
帮同事带的，不清楚 |
晚上九点才看完这本书 |
希望越办越好 |
"""

THIRD = """
拉链很顺，走线整齐，质量过关 | quality+
杯子密封性差，老是漏水，质量堪忧 | quality-
价格小贵但物超所值 | price0
比我在商场看的便宜一半 | price+
预算不多的话可以买，价格亲民 | price+
这点东西卖这么贵，良心不会痛吗 | price-
昨天下单今天就到，物流神速 | delivery+
包装盒都是瘪的，快递太暴力 | delivery-
快递放驿站也不打电话通知 | delivery-
客服回复很慢，半天才理我一句 | service-
售后小哥上门维修很专业 | service+
店家态度蛮横，还骂人 | service-
老板人很好，尺码不对马上给换了 | service+ size-
肩宽合适，袖子偏长一点 | size-
平时穿M码，这件M码刚好 | size+
裤腰太肥，裆也低 | size-
大小跟描述的一样，放桌上正合适 | size+
颜色发暗，跟图片差太远 | design-
配色很高级，摆在客厅很有格调 | design+
款式烂大街了，没新意 | design-
造型可爱，女儿一眼就看中了 | design+
穿一天脚都不疼，很舒适 | comfort+
布料闷汗，夏天没法穿 | comfort-
床垫不软不硬，睡着踏实 | comfort+
手感粗得像砂纸 | comfort-
才用半个月就开胶了 | durability-
用了大半年依然完好，耐用 | durability+
水洗之后起毛球很严重 | durability-
摔了一次屏幕没碎，挺抗摔 | durability+
面料不透气也不吸汗 | comfort- quality-
质量对得起这个价格 | quality+ price+
质量比以前买的差远了 | quality-
質量沒得挑，價格也公道 | quality+ price+
做工没有图片精致 | quality-
除了物流慢，别的都满意 | delivery-
不是说质量不好，就是颜色不喜欢 | design-
原以为便宜没好货，结果质量出乎意料地好 | quality+
没有贵的离谱 | price+
物流不算慢 | delivery+
客服不是一般的差 | service-
"""
