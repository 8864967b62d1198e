extension PlanVocabulary {
    /// The words of the cell that says from when to when.
    static let windows = PlanVocabulary([
        (.range, "- -- 至 到"),
        (.until, "截至 截止 截止到 截至到 止于 截止日期 截止时间 不晚于 不迟于 最迟 最晚 最迟于 最晚于"),
        (.slash, "/"), (.dot, "."), (.open, "("), (.close, ")"),
        (.strong, "; 。"), (.soft, ", \n"), (.list, "、 和 及 与"),
        (.year, "年 年度"), (.month, "月 月份"), (.day, "日 号"), (.quarter, "季度 季"), (.ordinal, "第"),
        (.firstHalf, "上半年"), (.secondHalf, "下半年"), (.wholeYear, "全年 全年度 整年"),
        (.third(0), "上旬"), (.third(1), "中旬"), (.third(2), "下旬"), (.end, "底 末"),
        (.before, "前 之前 以前"), (.since, "起 开始"), (.nextYear, "次年 翌年"),
        (.every(1), "每年 每年度"), (.every(2), "每半年"), (.every(4), "每季度 每季 每个季度"), (.every(12), "每月 每个月"),
        (.unevenSpan, "每周 每天 每日 每旬"),
        (
            .filler,
            """
            自 从 于 贯穿 在 止 完成 期间 时间 时间段 时段 抽查时间 检查时间 实施时间 抽查 检查 开展 实施 进行 组织 组织实施 组织开展 执行 \
            现场检查 实地检查 任务 抽查任务 检查任务 完成时限 时限 期限 内 分阶段 分批 分批次 分期 分期分批 各地 根据实际情况 结合实际 \
            联合抽查 抽查检查 起止时间 分两批 分两批次 分三批 分三批次 并 公示 结果 录入 工作 抽查工作 检查工作 全部 集中 “ ” " ' 的 为 :
            """
        ),
        (
            .hedge,
            """
            左右 约 大约 预计 暂定 拟定 初步 原则上 不定期 随时 适时 随机 待定 未定 另行 按上级要求 按要求 根据工作需要 根据需要 统一安排 \
            年中 常年 长期 视情况 视情 前后 初 上级 通知
            """
        ),
    ])
}
