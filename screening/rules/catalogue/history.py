"""Lists and findings of the history."""

from screening.rules.vocabulary import Field, Group, Item, Kind, band

ITEMS: tuple[Item, ...] = (
    Item(
        id="cns",
        kind=Kind.FORM,
        group=Group.HISTORY,
        title="Metastases of brain and meninges",
        title_zh="中枢神经系统及脑膜转移",
        criteria=("E1",),
        description="Without symptoms the investigator judges whether they are controlled.",
        is_judgement=True,
        fields=(
            Field(
                id="has_cns",
                kind=Kind.FLAG,
                title="CNS metastases",
                title_zh="中枢神经系统转移",
                is_required=True,
            ),
            Field(
                id="cns_symptomatic",
                kind=Kind.FLAG,
                title="CNS metastases with symptoms",
                title_zh="中枢转移有症状",
            ),
            Field(
                id="has_leptomeningeal",
                kind=Kind.FLAG,
                title="Leptomeningeal metastases",
                title_zh="脑膜转移",
                is_required=True,
            ),
            Field(
                id="leptomeningeal_symptomatic",
                kind=Kind.FLAG,
                title="Leptomeningeal metastases with symptoms",
                title_zh="脑膜转移有症状",
            ),
            Field(
                id="is_controlled",
                kind=Kind.FLAG,
                title="Adequately controlled, by the investigator",
                title_zh="研究者判断已充分控制",
            ),
        ),
    ),
    Item(
        id="other_studies",
        kind=Kind.ROWS,
        group=Group.HISTORY,
        title="Other clinical studies",
        title_zh="其他临床研究",
        criteria=("E2",),
        description="Survival follow-up counts as taking part and is asked back.",
        fields=(
            Field(id="name", kind=Kind.TEXT, title="Study", title_zh="研究名称", is_required=True),
            Field(
                id="is_ongoing",
                kind=Kind.FLAG,
                title="Still taking part",
                title_zh="仍在参加",
                is_required=True,
            ),
            Field(
                id="is_survival_follow_up",
                kind=Kind.FLAG,
                title="Survival follow-up only",
                title_zh="仅生存随访",
            ),
            Field(
                id="ended_on",
                kind=Kind.DATE,
                title="Last treatment or visit, whichever is later",
                title_zh="末次干预或访视日期",
            ),
        ),
    ),
    Item(
        id="vaccines",
        kind=Kind.ROWS,
        group=Group.HISTORY,
        title="Vaccinations",
        title_zh="疫苗接种",
        criteria=("E3",),
        description="Of the last months; only live attenuated ones count.",
        fields=(
            Field(id="name", kind=Kind.TEXT, title="Vaccine", title_zh="疫苗", is_required=True),
            Field(
                id="is_live", kind=Kind.FLAG, title="Live attenuated", title_zh="减毒活疫苗", is_required=True
            ),
            Field(id="given_on", kind=Kind.DATE, title="Given on", title_zh="接种日期"),
        ),
    ),
    Item(
        id="therapies",
        kind=Kind.ROWS,
        group=Group.HISTORY,
        title="Prior cancer therapies",
        title_zh="既往抗肿瘤治疗",
        criteria=("E4",),
        description="Drugs with their last dose and half-life. Radiotherapy and surgery have no washout here.",
        fields=(
            Field(
                id="name", kind=Kind.TEXT, title="Drug or treatment", title_zh="药物或治疗", is_required=True
            ),
            Field(
                id="kind",
                kind=Kind.CHOICE,
                title="Class",
                title_zh="类别",
                is_required=True,
                choices={
                    "chemotherapy": "Chemotherapy",
                    "targeted": "Targeted therapy",
                    "immunotherapy": "Immunotherapy",
                    "investigational": "Investigational drug",
                    "radiotherapy": "Radiotherapy",
                    "surgery": "Surgery",
                },
            ),
            Field(
                id="is_ongoing", kind=Kind.FLAG, title="Still given", title_zh="仍在使用", is_required=True
            ),
            Field(id="last_dose_on", kind=Kind.DATE, title="Last dose", title_zh="末次给药日期"),
            Field(
                id="half_life_h",
                kind=Kind.NUMBER,
                title="Half-life",
                title_zh="半衰期",
                unit="h",
                band=band(("0.1", "800"), ("0.01", "5000")),
            ),
        ),
    ),
    Item(
        id="malignancies",
        kind=Kind.ROWS,
        group=Group.HISTORY,
        title="Other malignancies",
        title_zh="其他恶性肿瘤",
        criteria=("E9",),
        description="Ever. An empty list says that there was none.",
        fields=(
            Field(
                id="kind",
                kind=Kind.CHOICE,
                title="Kind",
                title_zh="类型",
                is_required=True,
                choices={
                    "cervix_in_situ": "Cervical carcinoma in situ",
                    "skin_basal": "Basal cell of the skin",
                    "skin_squamous": "Squamous cell of the skin",
                    "other": "Other",
                },
            ),
            Field(id="name", kind=Kind.TEXT, title="Which", title_zh="名称"),
            Field(
                id="status",
                kind=Kind.CHOICE,
                title="Status",
                title_zh="状态",
                is_required=True,
                choices={"untreated": "Untreated", "concurrent": "Concurrent", "treated": "Treated"},
            ),
            Field(
                id="is_adequately_treated", kind=Kind.FLAG, title="Adequately treated", title_zh="已充分治疗"
            ),
            Field(
                id="last_active_on",
                kind=Kind.DATE,
                title="Last active or treated on",
                title_zh="末次活动或治疗日期",
            ),
        ),
    ),
    Item(
        id="autoimmune",
        kind=Kind.FORM,
        group=Group.HISTORY,
        title="Autoimmune disease and immunosuppression",
        title_zh="自身免疫病与免疫抑制",
        criteria=("E8",),
        description="Either one excludes.",
        is_judgement=True,
        fields=(
            Field(
                id="is_active",
                kind=Kind.FLAG,
                title="Active autoimmune disease",
                title_zh="活动性自身免疫病",
                is_required=True,
            ),
            Field(
                id="needs_immunosuppression",
                kind=Kind.FLAG,
                title="Another condition needing long-term immunosuppression",
                title_zh="其他需长期免疫抑制治疗的疾病",
                is_required=True,
            ),
        ),
    ),
)
