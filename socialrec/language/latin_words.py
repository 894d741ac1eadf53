"""Frequent words of languages in Latin script, which distinguish them."""

from __future__ import annotations

FUNCTION_WORDS = {
    "en": "the and is are was were it this that with for of to in not but have has had you my i on as very be they so",
    "de": "der die das und ist nicht ein eine mit für auf ich sie es zu den dem von auch aber sehr war wie im hat",
    "fr": "le la les des et est une un pas pour dans que qui avec sur ce cette je vous très mais il elle du au sont",
    "es": "el la los las y es una un no para en que con por muy pero se lo mi este esta su del como más me",
    "it": "il lo gli le e è una un non per in che con di molto ma si mi questo questa del della sono come più",
    "pt": "o os as e é uma um não para em que com por muito mas se meu este esta do da dos das são como mais",
    "nl": "de het een en is niet met voor van ik je op te dat die zijn maar ook heel erg was dit naar aan ze",
}
"""Function words of the languages that are taken by these words alone where they lead."""

COMMON_WORDS = {
    "en": (
        "good nice great love loved loves perfect excellent bad poor fits fit too small large size quality cheap "
        "beautiful cute best awesome amazing adorable gorgeous pretty lovely comfortable happy disappointed wonderful "
        "terrible way dress shirt fabric color colour product price like buy bought better well really made worth "
        "money recommend works never would one can no do a at or from all after does will more what how just"
    ),
    "de": (
        "gut sehr schön super toll passt perfekt schlecht qualität klein groß kein keine nur wird wurde bei kann man "
        "nach oder an einer eines einem sind hat diese dieser dieses werden aus alles gerne"
    ),
    "fr": (
        "bon bonne bien beau belle super parfait mauvais qualité petit grand taille très n c d l s ne ou par plus "
        "sont être cet ces votre aucun a à en"
    ),
    "es": (
        "bueno buena bien bonito excelente perfecto malo mala calidad pequeño grande talla muy al o a en ser está sin "
        "han todo esta de"
    ),
    "it": (
        "buono buona bene bello bella ottimo perfetto pessimo qualità piccolo grande taglia alla al nel o a i della "
        "dei dal stato essere questo no"
    ),
    "pt": (
        "bom boa bem bonito ótimo excelente perfeito ruim qualidade pequeno grande tamanho muito ao na no ou a de ser "
        "foi pelo sem"
    ),
    "nl": "goed mooi leuk prima perfect slecht kwaliteit klein groot maat geen kan wordt worden bij of uit deze om",
    "sv": "och är inte det en ett som på med för av till den jag att var kan har bra fin snygg dålig kvalitet eller",
    "da": "og er ikke det en et som på med for af til den jeg at var kan har god flot dårlig kvalitet eller kunne fra",
    "no": "og er ikke det en et som på med for av til den jeg å var kan har bra fin dårlig kvalitet eller kunne fra",
    "fi": "ja on ei se että en hyvä kaunis huono laatu koko oli mutta tai ole voi tämä",
    "pl": "i w nie na z do jest się to że dobry dobra ładny ładna słaba jakość rozmiar bardzo dla od lub jak są po",
    "cs": "a je na se v ne že s do to pro dobrý dobrá krásný špatná kvalita velikost velmi nebo není byl za od jsou",
    "hu": "a az és nem van egy hogy jó szép rossz minőség méret nagyon is volt vagy ez meg",
    "ro": "și de nu este pe cu la în un o pentru bun bună frumos proastă calitate mărime foarte sau din a fi fost mai",
    "tr": "ve bir bu çok için da de iyi güzel kötü kalite beden değil ama ile var yok olarak",
    "vi": "và là của có không được cho này với một rất tốt đẹp chất lượng trong các để khi",
    "id": "dan yang di ini itu tidak dengan untuk bagus baik jelek kualitas ukuran sangat dari ada ke atau pada",
}
"""Further words of languages, as short comments hold them; each makes its languages likelier."""
