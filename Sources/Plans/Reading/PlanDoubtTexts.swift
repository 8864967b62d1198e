extension PlanDoubt {
    /// The piece with its reason and remedy, as the department reads it.
    func explained(_ text: String, in cell: PlanLineCells.Column) -> NotUnderstood {
        let (why, fillIn) = texts
        return NotUnderstood(text: text, cell: cell, why: why, fillIn: fillIn)
    }

    private var texts: (why: String, fillIn: String) {
        switch self {
        case .numberWithoutUnit:
            ("数字没有写明单位，看不出是比例、户数还是次数；也可能是原文残缺", "请把数字连同单位写完整，例如“5%”“20户”“1次/年”")
        case .number:
            ("这里的数字无法确定含义，或者不能准确换算（比例须在0至100%之间且不多于四位小数，频次须是全年的整数次）", "请写明确切的比例、数量或全年次数，例如“5%”“20户”“2次/年”")
        case .hedge:
            ("用语不确定，没有给出确切的数", "请删去不确定的用语，写明确切的比例、数量或次数；只有上下限的，写“不低于……”或“不超过……”")
        case .piece:
            ("这部分文字无法归入比例、数量、频次或分类中的任何一项", "请用“比例；数量；频次”的写法重写，例如“不低于5%；不少于20户；1次/年”")
        case .classWithoutShare:
            ("提到了分类，但没有写明该类的抽查比例，或者类别与比例对不上", "请逐类写明比例，例如“A类1%，B类2%，C类10%，D类30%”")
        case .shareOfSpan:
            ("比例或数量是按季度、月份等写的，不知道全年是多少", "请写明全年的比例或数量，以及全年抽查几次")
        case .people:
            ("写的是人数，看不出是抽查对象还是执法检查人员", "如是抽查对象，请写明对象名称和数量；检查人员人数不必写在这里")
        case .part:
            ("比例前后所写的对象与抽查对象一栏不一致，看不出是全部对象的比例还是其中一部分的", "请写明每一类对象的比例，例如“生产企业10%，经营企业5%”；是全部对象的，请只写比例")
        case .several:
            ("写了几个互不一致的数，不知道以哪一个为准", "请只保留一个数，或者写明各个数分别属于哪一类对象")
        case .poolOrCount:
            ("看不出这是对象总数还是要抽查的数量", "是对象总数的，请写“基数……户”；是抽查数量的，请写“抽查……户”")
        case .byClass:
            ("数量或频次看起来只属于其中某一类对象", "频次、数量对各类都一样的，请另起一句写明；各类不同的，请把每一类单列一行")
        case .reference:
            ("只提到按信用风险分类或其他规定执行，没有写明各类的抽查比例", "请逐类写明比例，例如“A类1%，B类2%，C类10%，D类30%”；不区分的请写“不涉及”")
        case .tooLong:
            ("内容过长，不像是比例、频次或时间", "请只写比例、数量、频次或起止时间，说明写在备注里")
        case .empty:
            ("没有写抽查比例，也没有写抽查数量", "请填写抽查比例或数量，例如“5%”或“20户”")
        }
    }
}

extension WindowDoubt {
    /// The piece with its reason and remedy, as the department reads it.
    func explained(_ text: String) -> NotUnderstood {
        let (why, fillIn) = texts
        return NotUnderstood(text: text, cell: .window, why: why, fillIn: fillIn)
    }

    private var texts: (why: String, fillIn: String) {
        switch self {
        case .numberWithoutUnit: ("数字后面没有写“年”“月”“日”，无法确定是月份还是日期", "请写明起止日期，例如“3月至11月”")
        case .piece: ("无法确定从哪一天到哪一天，可能是原文残缺", "请写明起止日期，例如“2026年3月1日至2026年11月30日”")
        case .hedge: ("时间不确定", "请写明起止日期，例如“3月至11月”")
        case .frequency: ("写的是多久抽查一次，没有写从何时到何时", "请写明起止日期；频次写在抽查比例和频次一栏，例如“12次/年”")
        case .several: ("写了几段时间，不知道以哪一段为准", "请只写一个起止时间；分批抽查的，请每批单列一行")
        case .gap: ("写的几个月份不相连，一个起止时间表示不了", "请每段时间单列一行，或者写明总的起止时间")
        case .singleDay: ("只有一个日期，不知道是当天检查还是截止日期", "请写明起止日期；是截止日期的，请写“……前”")
        case .unclearEnd: ("“前”是否包括所写的这段时间不清楚", "请写到日，例如“11月30日前”")
        case .backwards: ("结束时间早于开始时间", "请核对起止日期；跨年的请写明年份")
        case .yearUnknown: ("跨年的时间没有写明年份", "请写明年份，例如“2026年11月至2027年3月”")
        case .februaryWithoutYear: ("不知道是哪一年，2月的最后一天无法确定", "请写明年份，或者写到日")
        }
    }
}
