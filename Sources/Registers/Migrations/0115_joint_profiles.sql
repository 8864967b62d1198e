-- Many objects have the same kind, industry, permits and regulators: which items apply is found once for each such
-- profile, not for each object.
CREATE OR REPLACE FUNCTION registers.joint_objects_at(instant timestamptz, today date)
RETURNS TABLE (entity text, items text[]) LANGUAGE sql STABLE AS $$
    WITH objects AS MATERIALIZED (
        SELECT e.id, e.kind, e.industry, e.permits, e.regulators FROM registers.entities e
        WHERE e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)
    ), profiles AS (
        SELECT DISTINCT o.kind, o.industry, o.permits, o.regulators FROM objects o
    ), applied AS (
        SELECT p.kind, p.industry, p.permits, p.regulators, array_agg(i.id ORDER BY i.id) AS items
        FROM registers.joint_items_at(instant, today) i
        JOIN profiles p ON i.department = ANY(p.regulators)
            AND CASE WHEN i.kinds = '{}' AND i.industries = '{}' AND i.permits = '{}' THEN p.kind = i.object_kind
                ELSE (i.kinds = '{}' OR p.kind = ANY(i.kinds)) AND (i.permits = '{}' OR p.permits && i.permits)
                    AND (i.industries = '{}' OR EXISTS (
                        SELECT FROM unnest(i.industries) AS x (prefix) WHERE starts_with(p.industry, x.prefix)))
                END
        GROUP BY p.kind, p.industry, p.permits, p.regulators
    )
    SELECT o.id, a.items FROM objects o
    JOIN applied a ON (a.kind, a.industry, a.permits, a.regulators) = (o.kind, o.industry, o.permits, o.regulators)
$$;

-- As before, each item that applies to something counted once for each profile.
CREATE OR REPLACE FUNCTION registers.joint_omissions_at(instant timestamptz, today date)
RETURNS TABLE (register text, id text, department text, reason text) LANGUAGE sql STABLE AS $$
    WITH objects AS MATERIALIZED (SELECT * FROM registers.joint_objects_at(instant, today)),
        applied AS (SELECT DISTINCT unnest(s.items) AS item FROM (SELECT DISTINCT o.items FROM objects o) s),
        staff AS MATERIALIZED (SELECT * FROM registers.joint_inspectors_at(instant, today))
    SELECT 'inspectors', s.inspector, s.department, s.omitted FROM staff s WHERE s.omitted IS NOT NULL
    UNION ALL
    SELECT 'items', i.id, i.department, 'item.no-object' FROM registers.joint_items_at(instant, today) i
    WHERE NOT EXISTS (SELECT FROM applied a WHERE a.item = i.id)
    UNION ALL
    SELECT 'items', i.id, i.department, 'item.no-inspector' FROM registers.joint_items_at(instant, today) i
    WHERE NOT EXISTS (SELECT FROM staff s WHERE s.department = i.department AND s.omitted IS NULL)
        OR EXISTS (
            SELECT FROM unnest(i.specialties) AS n (specialty) WHERE NOT EXISTS (
                SELECT FROM staff s
                WHERE s.department = i.department AND s.omitted IS NULL AND n.specialty = ANY(s.specialties)))
    UNION ALL
    SELECT 'entities', e.id, '', 'entity.no-item' FROM registers.entities e
    WHERE e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)
        AND NOT EXISTS (SELECT FROM objects o WHERE o.entity = e.id)
$$;
