-- Results of inspections: who inspects, enters (谁抽查、谁录入).
CREATE SCHEMA inspections;

-- The official categories are data; a county can add its own.
CREATE TABLE inspections.categories (
    name  text PRIMARY KEY,
    -- 'clear' contradicts every 'finding'; 'state' goes with either.
    kind  text NOT NULL CHECK (kind IN ('clear', 'finding', 'state')),
    basis text NOT NULL
);
INSERT INTO inspections.categories (name, kind, basis) VALUES
    ('未发现问题', 'clear', '国家企业信用信息公示系统抽查检查结果类别'),
    ('未按规定公示应当公示的信息', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('公示信息隐瞒真实情况、弄虚作假', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('通过登记的住所（经营场所）无法联系', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('发现问题已责令改正', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('不配合检查情节严重', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('未发现开展本次抽查涉及的经营活动', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('发现问题待后续处理', 'finding', '国家企业信用信息公示系统抽查检查结果类别'),
    ('已关闭停业或正在组织清算', 'state', '抽查对象状态'),
    ('暂停营业', 'state', '抽查对象状态'),
    ('注销', 'state', '抽查对象状态'),
    ('被吊销', 'state', '抽查对象状态'),
    ('被撤销', 'state', '抽查对象状态'),
    ('迁出', 'state', '抽查对象状态');

CREATE TABLE inspections.results (
    visit       text COLLATE "C" NOT NULL,
    department  text COLLATE "C" NOT NULL,
    entity      text COLLATE "C" NOT NULL,
    round       text COLLATE "C" NOT NULL,
    ended_on    date NOT NULL,
    inspectors  text[],
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source      text NOT NULL,
    submission  text NOT NULL,
    PRIMARY KEY (visit, department)
);
CREATE TABLE inspections.result_items (
    visit      text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    item       text COLLATE "C" NOT NULL,
    categories text[] NOT NULL CHECK (cardinality(categories) > 0),
    findings   text,
    PRIMARY KEY (visit, department, item),
    FOREIGN KEY (visit, department) REFERENCES inspections.results
);

-- Results that the notifier has not seen yet, stored with them: so it finds the new ones without reading all.
CREATE TABLE inspections.unseen_results (
    visit      text COLLATE "C" NOT NULL,
    department text COLLATE "C" NOT NULL,
    PRIMARY KEY (visit, department),
    FOREIGN KEY (visit, department) REFERENCES inspections.results
);

GRANT USAGE ON SCHEMA inspections TO yaohao_worker, yaohao_notifier;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA inspections TO yaohao_worker;
-- Who inspected is kept for the file; the notifier, which publishes, cannot read it.
GRANT SELECT (visit, department, entity, round, ended_on, recorded_at) ON inspections.results TO yaohao_notifier;
GRANT SELECT ON inspections.result_items TO yaohao_notifier;
GRANT SELECT, DELETE ON inspections.unseen_results TO yaohao_notifier;
