"""The specification of the cell product and how it is kept. All assumed: common practice for autologous CAR-T.

The registry record states neither; the sponsor's certificate of analysis replaces these numbers.
"""

from decimal import Decimal

from trialsite.protocol.types import ReleaseTest, Sign, Source, StorageRange


def _number(test_id: str, titles: tuple[str, str], sign: Sign, value: str, unit: str) -> ReleaseTest:
    title, title_zh = titles
    return ReleaseTest(
        id=test_id,
        title=title,
        title_zh=title_zh,
        sign=sign,
        value=Decimal(value),
        unit=unit,
        source=Source.ASSUMED,
    )


def _finding(test_id: str, titles: tuple[str, str], finding: str, note: str = "") -> ReleaseTest:
    title, title_zh = titles
    return ReleaseTest(
        id=test_id, title=title, title_zh=title_zh, finding=finding, note=note, source=Source.ASSUMED
    )


RELEASE_TESTS = (
    _finding("RT-IDENTITY", ("Identity of the cells", "细胞身份"), "conforms", "Matches the donor's typing."),
    _finding("RT-APPEARANCE", ("Appearance", "外观"), "conforms", "Free of clumps and foreign matter."),
    _number("RT-VIABILITY", ("Viability", "细胞活率"), Sign.AT_LEAST, "70", "%"),
    _number("RT-CAR", ("CAR-positive T cells", "CAR阳性T细胞比例"), Sign.AT_LEAST, "10", "%"),
    _number("RT-CD3", ("CD3-positive cells", "CD3阳性细胞比例"), Sign.AT_LEAST, "90", "%"),
    _number("RT-VCN", ("Vector copy number", "载体拷贝数"), Sign.AT_MOST, "5", "copies/cell"),
    _number("RT-ENDOTOXIN", ("Endotoxin", "内毒素"), Sign.BELOW, "5", "EU/kg"),
    _finding("RT-MYCOPLASMA", ("Mycoplasma", "支原体"), "negative"),
    _finding(
        "RT-STERILITY", ("Sterility", "无菌"), "negative", "Final or, by agreement, the interim reading."
    ),
    _finding("RT-RCR", ("Replication-competent virus", "复制型病毒"), "negative"),
)


def _kept(range_id: str, titles: tuple[str, str], lower: str | None, upper: str | None) -> StorageRange:
    title, title_zh = titles
    return StorageRange(
        id=range_id,
        title=title,
        title_zh=title_zh,
        lower_c=None if lower is None else Decimal(lower),
        upper_c=None if upper is None else Decimal(upper),
        source=Source.ASSUMED,
    )


STORAGE_RANGES = (
    _kept("ST-VAPOUR", ("Vapour of liquid nitrogen", "液氮气相"), None, "-130"),
    _kept("ST-COLD", ("Refrigerated", "冷藏"), "2", "8"),
    _kept("ST-ROOM", ("Room temperature", "室温"), "15", "25"),
    _kept("ST-THAW", ("Thawed, at the bedside", "复苏后，床旁"), "15", "37"),
)
