-- Fills a migrated, private database with obviously made-up enterprises and results, set at a time. psql variables: entities,
-- results. Everything goes the way that publications go: an insert into open.publications, with its triggers.
SET client_min_messages = warning;
SET synchronous_commit = off;
-- Made again at the end, which is faster than to keep it meanwhile.
SELECT pg_get_indexdef('site.entities_grams'::regclass) AS grams \gset
DROP INDEX site.entities_grams;
INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
SELECT 'D' || n, 'bench', 1, now(), '虚构第' || n || '局', n = 0 FROM generate_series(0, 32) AS n;
INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind, methods, category, cap_ppm)
SELECT 'D' || n % 33 || '-' || n, 'bench', 1, now(), '虚构事项第' || n || '项的检查', '虚构条例第' || n || '条', 'D' || n % 33, '企业',
    '{onsite}', 'general', 50000 FROM generate_series(0, 131) AS n;

CREATE FUNCTION pg_temp.name_of(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '固阳县' || substr('金木水火土春夏秋冬东西南北中福禄寿喜安康泰和兴隆昌盛宏达顺利华富贵荣光明瑞祥云鹏飞龙凤鹤松柏梅兰竹菊', 1 + (n * 7919 % 56)::int, 1)
        || substr('源盛达通汇丰裕泰恒信诚德仁义礼智勇毅博远鸿鑫森淼焱垚晶品磊犇', 1 + (n / 56 * 104729 % 31)::int, 1)
        || substr('天地人和美佳优新好大小长永久平正合同', 1 + (n / 1736 % 18)::int, 1)
        || (ARRAY['超市', '餐饮店', '建筑有限公司', '药店', '汽车修理厂', '酒店', '幼儿园', '加油站', '食品有限公司', '商贸有限公司',
            '物流有限公司', '农牧专业合作社', '理发店', '矿业有限公司', '网吧', '旅行社'])[1 + (hashint8(n) & 15)]
        || CASE WHEN n % 5 = 0 THEN '（' || n / 40000 || '分店）' ELSE '' END
$$;

CREATE PROCEDURE fill(entities bigint, results bigint) LANGUAGE plpgsql AS $$
DECLARE
    first bigint := 0;
    batch constant bigint := 50000;
BEGIN
    WHILE first < results LOOP
        INSERT INTO open.publications (id, entity, entity_name, visit, department, ended_on, due_on, body, published_at)
        SELECT v || '/' || d, e, name, v, d, day, day + 14, jsonb_build_object('id', v || '/' || d, 'version', 1,
                'entity', e, 'entity_name', name, 'visit', v, 'department', d, 'ended_on', day, 'due_on', day + 14,
                'replaces', NULL, 'reason', NULL, 'items', jsonb_build_array(jsonb_build_object('item', d || '-' || i,
                    'categories', jsonb_build_array(CASE WHEN n % 11 = 0 THEN '发现问题已责令改正' ELSE '未发现问题' END),
                    'findings', CASE WHEN n % 11 = 0 THEN '虚构问题' END)))::text,
            (day + 3 + (n % 16)::int) + n % 86400 * interval '1 second'
        FROM (
            SELECT n, md5(n::text) AS v, 'D' || n % 33 AS d, n % 33 + 33 * (n / 33 % 4) AS i,
                '92150222' || lpad((n % entities)::text, 10, '0') AS e, pg_temp.name_of(n % entities) AS name,
                date '2023-01-01' + (n * 2654435761 % 1300)::int AS day
            FROM generate_series(first, least(first + batch, results) - 1) AS n) AS rows;
        COMMIT;
        first := first + batch;
    END LOOP;
END $$;
CALL fill(:entities, :results);
DROP PROCEDURE fill;
SET maintenance_work_mem = '512MB';
:grams;
ALTER INDEX site.entities_grams ALTER COLUMN 1 SET STATISTICS 2000;
VACUUM ANALYZE;
