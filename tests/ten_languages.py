"""Four sentences, each in ten languages: what shops sell and what people say of it."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str, str, str]] = {
    "en": (
        "The shoes are comfortable and light.",
        "The parcel arrived two weeks late.",
        "Does this lamp come with a bulb?",
        "The fabric faded after the first wash.",
    ),
    "zh": ("鞋子很舒服，也很轻。", "包裹晚了两个星期才到。", "这盏灯带灯泡吗？", "布料洗一次就褪色了。"),
    "de": (
        "Die Schuhe sind bequem und leicht.",
        "Das Paket kam zwei Wochen zu spät an.",
        "Ist bei dieser Lampe eine Glühbirne dabei?",
        "Der Stoff ist nach der ersten Wäsche verblasst.",
    ),
    "fr": (
        "Les chaussures sont confortables et légères.",
        "Le colis est arrivé avec deux semaines de retard.",
        "Cette lampe est-elle livrée avec une ampoule ?",
        "Le tissu a déteint au premier lavage.",
    ),
    "es": (
        "Los zapatos son cómodos y ligeros.",
        "El paquete llegó dos semanas tarde.",
        "¿Esta lámpara viene con bombilla?",
        "La tela se destiñó en el primer lavado.",
    ),
    "ja": (
        "靴は履き心地がよくて軽いです。",
        "荷物は二週間遅れて届きました。",
        "このランプに電球は付いていますか？",
        "生地は一度洗っただけで色あせました。",
    ),
    "ko": (
        "신발이 편하고 가볍습니다.",
        "소포가 2주 늦게 도착했습니다.",
        "이 램프에 전구가 포함되어 있나요?",
        "천이 첫 세탁 후에 색이 바랬습니다.",
    ),
    "ru": (
        "Туфли удобные и лёгкие.",
        "Посылка пришла с опозданием на две недели.",
        "Лампочка идёт в комплекте с этой лампой?",
        "Ткань выцвела после первой стирки.",
    ),
    "ar": (
        "الحذاء مريح وخفيف.",
        "وصل الطرد متأخرا أسبوعين.",
        "هل يأتي هذا المصباح مع لمبة؟",
        "بهت القماش بعد أول غسلة.",
    ),
    "hi": (
        "जूते आरामदायक और हल्के हैं।",
        "पार्सल दो हफ़्ते देर से आया।",
        "क्या इस लैंप के साथ बल्ब आता है?",
        "पहली धुलाई में कपड़े का रंग उड़ गया।",
    ),
}
