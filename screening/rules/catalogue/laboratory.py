"""Blood counts and chemistry."""

from screening.rules.vocabulary import Item, band, result

ITEMS: tuple[Item, ...] = (
    result("wbc", "White blood cells", "白细胞", "I10.1", "cells", "WBC", band(("0.5", "50"), ("0", "500"))),
    result("neut", "Neutrophils", "中性粒细胞", "I10.1", "cells", "NEUT", band(("0.2", "40"), ("0", "400"))),
    result("lym", "Lymphocytes", "淋巴细胞", "I10.1", "cells", "LYM", band(("0.1", "10"), ("0", "400"))),
    result("plat", "Platelets", "血小板", "I10.1", "cells", "PLAT", band(("10", "1000"), ("0", "3000"))),
    result(
        "hgb", "Haemoglobin", "血红蛋白", "I10.1", "haemoglobin", "HGB", band(("50", "200"), ("20", "260"))
    ),
    result(
        "creat",
        "Creatinine",
        "血肌酐",
        "I10.3",
        "creatinine",
        "CREAT",
        band(("30", "400"), ("5", "3000")),
        upper=True,
    ),
    result(
        "alt", "ALT", "谷丙转氨酶", "I10.4", "enzyme", "ALT", band(("3", "500"), ("0", "20000")), upper=True
    ),
    result(
        "ast", "AST", "谷草转氨酶", "I10.4", "enzyme", "AST", band(("3", "500"), ("0", "30000")), upper=True
    ),
    result(
        "bili",
        "Bilirubin, total",
        "总胆红素",
        "I10.5",
        "bilirubin",
        "BILI",
        band(("1", "200"), ("0", "1200")),
        upper=True,
    ),
)
